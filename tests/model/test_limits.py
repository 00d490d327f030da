"""Limits: the user goes before the preset, the preset before the subject, and the subject before the default."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.model import FixedTimeout, Limits, PreflightTimeout, Preset, Subject
from support.tiny import write_subject

EMPTY = Preset("")


@pytest.fixture
def loaded(tmp_path: Path) -> Subject:
    return config.load(write_subject(tmp_path / "points"))


@pytest.mark.parametrize(
    ("user_s", "preset_s", "subject_s", "expected_s"),
    [
        (1.0, 2.0, 3.0, 1.0),
        (None, 2.0, 3.0, 2.0),
        (None, None, 3.0, 3.0),
        (1.0, None, 3.0, 1.0),
        (1.0, None, None, 1.0),
    ],
)
def test_a_timeout_is_the_users_else_the_presets_else_the_subjects(
    user_s: float | None, preset_s: float | None, subject_s: float | None, expected_s: float, loaded: Subject
) -> None:
    subject = dataclasses.replace(loaded, timeout_s=subject_s)
    timeout = Limits(timeout_s=user_s).resolved(subject, Preset("p", timeout_s=preset_s)).timeout
    assert timeout == FixedTimeout(expected_s)
    assert timeout.preflight_s == expected_s
    assert timeout.training_s(1000.0) == expected_s


def test_without_one_a_timeout_follows_from_the_preflight_which_has_none(loaded: Subject) -> None:
    timeout = Limits().resolved(loaded, EMPTY).timeout
    assert timeout == PreflightTimeout()
    assert timeout.preflight_s is None
    assert timeout.training_s(0.5) == 60.0
    assert timeout.training_s(20.0) == 200.0


@pytest.mark.parametrize(
    ("user_s", "preset_s", "expected_s"),
    [(1.0, 2.0, 1.0), (0.0, 2.0, 0.0), (None, 2.0, 2.0), (None, 0.0, 0.0), (None, None, 10.0)],
)
def test_a_cool_down_is_the_users_else_the_presets_and_may_be_none(
    user_s: float | None, preset_s: float | None, expected_s: float, loaded: Subject
) -> None:
    assert Limits(cooldown_s=user_s).resolved(loaded, Preset("p", cooldown_s=preset_s)).cooldown_s == expected_s


@pytest.mark.parametrize(("user_s", "expected_s"), [(0.0, 0.0), (2.0, 2.0), (None, 5.0)])
def test_a_warm_up_is_the_users_else_the_default(user_s: float | None, expected_s: float, loaded: Subject) -> None:
    assert Limits(warm_up_s=user_s).resolved(loaded, EMPTY).warm_up_s == expected_s


@pytest.mark.parametrize(("user_s", "expected_s"), [(0.1, 0.1), (None, 1.0)])
def test_idle_power_is_measured_as_the_user_says_else_for_a_second(
    user_s: float | None, expected_s: float, loaded: Subject
) -> None:
    assert Limits(idle_s=user_s).resolved(loaded, EMPTY).idle_s == expected_s


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_what_is_no_time_is_refused(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {seconds}"):
        dataclasses.replace(Limits(), **{name: seconds})


@pytest.mark.parametrize("name", ["timeout_s", "idle_s"])
def test_a_training_and_a_measurement_take_time(name: str) -> None:
    with pytest.raises(ValueError, match="cannot take 0 s"):
        dataclasses.replace(Limits(), **{name: 0.0})
