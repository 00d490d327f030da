"""Records become keys and plain values: intervals three keys, codes sentences, what is not known null."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from mutegreen.model import Verdict
from mutegreen.report.records import flat, plain
from mutegreen.stats.interval import Interval, written_as
from mutegreen.stats.reason import About, Note, Reason, Why


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
    found = flat(Record("a", Interval(1.0, 0.5, 2.0), Interval(3.0)))
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
    assert flat(Record("a", Interval(), reason=Reason(Why.ALL_EQUAL)))["reason"] == "all figures are equal"
    assert plain((Note(About.SEVERAL_AUDITS, count=2), "as it is")) == [
        "The trainings of 2 audits are taken together.",
        "as it is",
    ]


def test_json_takes_all_of_it() -> None:
    record = Record("a", Interval(1.0), inner=(Inner(math.inf), Inner(2.0)))
    given = json.loads(json.dumps(plain({"all": [record]}), allow_nan=False))
    assert given["all"][0]["inner"] == [{"size": None}, {"size": 2.0}]
