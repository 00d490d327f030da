"""Every operator, plug-ins included, keeps the contract; each of ours also keeps the rule it states."""

import math
import os
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

from mutegreen.catalog import operators
from mutegreen.model import Value
from mutegreen.mutation.operator import Operator
from mutegreen.testing.operators import REAL, WHOLE, OperatorContract, values_or_refusal
from support.paths import ROOT

OPERATORS = list(operators().values())
OUR_FILES = {file.stem for file in (ROOT / "operators").glob("[!_]*.py")}
CORES = 4
SHARE = {"momentum", "dropout"}


@pytest.fixture(autouse=True)
def four_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(CORES)), raising=False)


def by_name(name: str) -> Operator:
    return operators()[name]


def values(name: str, default: Value, count: int = 100, seed: int = 0) -> list[Value]:
    return by_name(name).values(default, count, random.Random(seed))


class TestOperators(OperatorContract):
    @pytest.fixture(params=OPERATORS, ids=lambda operator: operator.name)
    def operator(self, request: pytest.FixtureRequest) -> Operator:
        found: Operator = request.param
        return found


def test_each_of_our_operators_has_the_name_of_its_file() -> None:
    ours = {name for name, found in operators().items() if type(found).__module__.startswith("mutegreen.operators.")}
    assert ours == OUR_FILES


def test_no_two_of_our_operators_claim_a_kind() -> None:
    claims = Counter(kind for name in OUR_FILES for kind in by_name(name).kinds)
    assert set(claims.values()) == {1}


def test_only_identity_changes_nothing() -> None:
    assert [operator.name for operator in OPERATORS if not operator.changes] == ["identity"]
    assert values("identity", 14) == [14]
    assert values("identity", "adam") == ["adam"]
    assert not by_name("identity").kinds


RANGES: dict[str, Callable[[Fraction], tuple[Fraction, Fraction]]] = {
    "batch_size": lambda d: (max(Fraction(1), d / 8), 8 * d),
    "dropout": lambda d: (max(Fraction(0), d - Fraction(1, 4)), min(Fraction(1), d + Fraction(1, 4))),
    "epochs": lambda d: (max(Fraction(1), min(d * 3 / 4, d - 1)), max(d * 5 / 4, d + 1)),
    "gamma": lambda d: (d / 5, 3 * d),
    "learning_rate": lambda d: (d / 10, 10 * d),
    "momentum": lambda d: (max(Fraction(0), 1 - 10 * (1 - d)), 1 - (1 - d) / 10),
    "threads": lambda d: (Fraction(1), Fraction(CORES)),
    "threshold": lambda d: (Fraction(1), 5 * d),
    "weight_decay": lambda d: (d / 5, 3 * d),
}
OF_WHOLE_NUMBERS = {"batch_size", "epochs", "threads", "threshold"}
ROUNDING = Fraction(1, 10**12)


def test_every_builtin_operator_has_a_range_here() -> None:
    assert {*RANGES, "identity"} == OUR_FILES


@pytest.mark.parametrize("name", RANGES)
def test_values_are_in_range_and_of_the_right_type(name: str) -> None:
    checked = 0
    for default in [*WHOLE, *REAL]:
        for seed in range(20):
            found = values_or_refusal(by_name(name), default, 5, seed)
            for value in found if isinstance(found, list) else ():
                assert isinstance(value, int | float)
                low, high = RANGES[name](Fraction(default))
                assert low * (1 - ROUNDING) <= Fraction(value) <= high * (1 + ROUNDING)
                assert 0 < value < (1 if name in SHARE else math.inf)
                assert type(value) is (type(default) if name in OF_WHOLE_NUMBERS else float)
                assert name not in OF_WHOLE_NUMBERS or float(value).is_integer()
                checked += 1
    assert checked > 500


@pytest.mark.parametrize(
    ("name", "default", "range_without_default"),
    [
        ("epochs", 14, {11, 12, 13, 15, 16, 17}),
        ("epochs", 14.0, {11, 12, 13, 15, 16, 17}),
        ("epochs", 200, set(range(150, 251)) - {200}),
        ("epochs", 4, {3, 5}),
        ("epochs", 3, {2, 4}),
        ("epochs", 1, {2}),
        ("batch_size", 64, {8, 16, 32, 128, 256, 512}),
        ("batch_size", 50, {8, 16, 32, 64, 128, 256}),
        ("batch_size", 1, {2, 4, 8}),
        ("threshold", 2, {1, 3, 4, 5, 6, 7, 8, 9, 10}),
        ("threshold", 0.5, {1, 2}),
        ("threshold", 0.1, set()),
        ("threads", 2, {1, 3, 4}),
        ("threads", 64, {1, 2, 3, 4}),
    ],
)
def test_a_small_range_is_found_whole(name: str, default: Value, range_without_default: set[int]) -> None:
    found = values(name, default, 1000)
    assert len(found) == len(range_without_default)
    assert set(found) == range_without_default


@pytest.mark.parametrize("name", ["learning_rate", "gamma", "weight_decay", "dropout"])
def test_reals_have_three_significant_digits(name: str) -> None:
    for default in (1e-08, 0.0001, 0.123456789, 0.7):
        for value in values(name, default):
            assert value == float(f"{value:.2e}")


def test_momentum_has_three_significant_digits_of_its_distance_to_one() -> None:
    for default in (0, 0.5, 0.9, 0.9999):
        for value in values("momentum", default):
            distance = 1 - Fraction(repr(value))
            assert distance == Fraction(f"{float(distance):.2e}")


@pytest.mark.parametrize(
    ("name", "default", "refusal"),
    [
        ("epochs", 14.5, "needs a whole number from 1 to below 2**53, and the default is 14.5"),
        ("epochs", 0, "needs a whole number from 1 to below 2**53, and the default is 0"),
        ("epochs", "14", "needs a whole number from 1 to below 2**53, and the default is '14'"),
        ("epochs", True, "needs a whole number from 1 to below 2**53, and the default is True"),
        (
            "epochs",
            10**400,
            "needs a whole number from 1 to below 2**53, and the default is a number of over 20 digits",
        ),
        ("epochs", "x" * 1000, f"needs a whole number from 1 to below 2**53, and the default is '{'x' * 59}..."),
        ("epochs", 2**53, "needs a whole number from 1 to below 2**53, and the default is 9007199254740992"),
        ("batch_size", -8, "needs a whole number from 1 to below 2**53, and the default is -8"),
        ("threads", 0, "needs a whole number from 1 to below 2**53, and the default is 0"),
        ("threshold", 0, "needs a number above 0 and below 2**53, and the default is 0"),
        ("learning_rate", 0, "needs a number above 0, and the default is 0"),
        ("learning_rate", math.nan, "needs a number above 0, and the default is nan"),
        ("weight_decay", 0.0, "needs a number above 0, and the default is 0.0"),
        ("gamma", -0.7, "needs a number above 0, and the default is -0.7"),
        ("momentum", 1, "needs a number from 0 to below 1, and the default is 1"),
        ("dropout", 1.5, "needs a number from 0 to below 1, and the default is 1.5"),
        ("dropout", -0.1, "needs a number from 0 to below 1, and the default is -0.1"),
    ],
)
def test_refusals(name: str, default: Value, refusal: str) -> None:
    with pytest.raises(ValueError, match="default") as caught:
        values(name, default)
    assert str(caught.value) == refusal


@pytest.mark.parametrize(("name", "default"), [("momentum", 0), ("dropout", 0), ("dropout", 0.0), ("momentum", 0.0)])
def test_a_program_without_it_has_adjacent_values_too(name: str, default: Value) -> None:
    assert len(values(name, default, 8)) == 8


@pytest.mark.parametrize("name", sorted(SHARE))
def test_a_share_never_reaches_its_ends(name: str) -> None:
    for default in (0, 0.1, 0.9):
        found = [float(value) for value in values(name, default, 300)]
        assert len(found) > 200
        assert 0 < min(found) < max(found) < 1


def test_threads_ask_for_all_cores_where_the_system_does_not_say_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert set(values("threads", 1)) == {2, 3}
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert values("threads", 1) == []
