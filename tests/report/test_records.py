"""Records become keys and plain values: intervals three keys, codes sentences, what is not known null."""

from __future__ import annotations

import json
import math
from dataclasses import Field, dataclass, field, fields

import pytest

from mutegreen.model import Verdict
from mutegreen.report.records import ORDER, flat_record, plain_value
from mutegreen.stats.advice.target import TargetComparison, TargetReach
from mutegreen.stats.analysis import CarefulComparison, CarefulCorrelation, Comparison
from mutegreen.stats.interval import KEYS, Interval, written_as
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode


@dataclass(frozen=True)
class Inner:
    size: float


@dataclass(frozen=True)
class Record:
    name: str
    slope: Interval
    coefficient: Interval = field(default=Interval(), metadata=written_as("coefficient", "low", "high"))
    verdict: Verdict = Verdict.TIE
    inner: tuple[Inner, ...] = ()
    reason: Reason | None = None


def test_an_interval_is_three_keys_of_its_owner_in_the_place_of_its_field() -> None:
    found = flat_record(Record("a", Interval(1.0, 0.5, 2.0), Interval(3.0)))
    assert list(found.items()) == [
        ("name", "a"),
        ("slope", 1.0),
        ("slope_low", 0.5),
        ("slope_high", 2.0),
        ("coefficient", 3.0),
        ("low", None),
        ("high", None),
        ("verdict", "tie"),
        ("inner", []),
        ("reason", None),
    ]


def test_codes_are_written_as_sentences() -> None:
    assert flat_record(Record("a", Interval(), reason=Reason(ReasonCode.ALL_EQUAL)))["reason"] == "all values are equal"
    assert plain_value((Note(NoteCode.SEVERAL_AUDITS, count=2), "as it is")) == [
        "The trials of 2 audits are analysed together.",
        "as it is",
    ]


def test_json_takes_all_of_it() -> None:
    record = Record("a", Interval(1.0), inner=(Inner(math.inf), Inner(2.0)))
    given = json.loads(json.dumps(plain_value({"all": [record]}), allow_nan=False))
    assert given["all"][0]["inner"] == [{"size": None}, {"size": 2.0}]


def published(**changes: object) -> dict[str, object]:
    place = {"subject": "s", "background": "", "hyperparameter": "epochs", "mutant": "epochs=3", "metric": "gpu_j"}
    known = {"value": 3.0, "default": 2.0, "n": 5, "n_original": 4, "mean": 9.0, "mean_original": 10.0, "p": 0.5}
    intervals = {"relative_change": Interval(-0.1, -0.2, 0.3), "cliffs_delta": Interval(0.5, 0.4, 0.6)}
    return place | known | intervals | {"verdict": Verdict.TIE, "quality": None, "reason": None} | changes


def test_the_published_protocol_has_no_keys_for_the_ends_of_intervals() -> None:
    found = flat_record(Comparison(**published()))  # type: ignore[arg-type]
    assert (found["relative_change"], found["cliffs_delta"]) == (-0.1, 0.5)
    assert not [key for key in found if key.endswith(("_low", "_high"))]


def test_the_ends_of_intervals_follow_what_both_protocols_have() -> None:
    row = CarefulComparison(**published(difference=Interval(-1.0, -2.0, 3.0)))  # type: ignore[arg-type]
    found = flat_record(row)
    assert list(found)[17:22] == ["relative_low", "relative_high", "difference", "difference_low", "difference_high"]
    assert list(found)[-2:] == ["cliffs_delta_low", "cliffs_delta_high"]
    assert [found[key] for key in list(found)[17:22]] == [-0.2, 0.3, -1.0, -2.0, 3.0]
    target = TargetComparison(
        **vars(row), target=0.9, reach=TargetReach(4, 5, 2.5), reach_original=TargetReach(5, 5, 7.0)
    )
    assert list(flat_record(target)) == [*found, "target", "reach", "reach_original"]


@pytest.mark.parametrize("record", [CarefulCorrelation, CarefulComparison, TargetComparison])
def test_the_order_of_keys_leaves_none_of_the_careful_protocol_out(record: type) -> None:
    keys = [key for each in fields(record) for key in (each.metadata.get(KEYS) or _keys(each))]
    assert sorted(ORDER[record]) == sorted(keys)


def _keys(each: Field[Interval]) -> list[str]:
    return [each.name, f"{each.name}_low", f"{each.name}_high"] if each.type == "Interval" else [each.name]
