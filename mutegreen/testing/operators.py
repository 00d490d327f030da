"""The suite that holds an operator to its contract."""

from __future__ import annotations

import math
import random

import pytest

from mutegreen.model import Value
from mutegreen.mutation.operator import Operator

WHOLE: list[Value] = [1, 2, 3, 4, 7, 14, 200, 10**6, 2**53 - 1]
"""Defaults that are whole numbers."""

REAL: list[Value] = [
    0,
    0.0,
    5e-324,
    1e-08,
    0.1,
    0.1 + 0.2,
    0.5,
    0.7,
    0.999,
    0.9999999999999999,
    1.0,
    2.5,
    14.0,
    1e16,
    1e308,
]
"""Defaults that are numbers, the ends of the range of floats among them."""

ODD: list[Value] = [True, "fourteen", "", -1, -0.5, math.inf, -math.inf, math.nan, 2**53, 10**400, "x" * 1000]
"""Defaults that few operators can work on: they must be refused in words, not fail."""


class OperatorContract:
    """What every operator promises. Derive a class whose name begins with `Test`, and override `operator`.

    Example:
        ```python
        class TestOptimizer(OperatorContract):
            @pytest.fixture
            def operator(self) -> Operator:
                return Optimizer()
        ```
    """

    @pytest.fixture
    def operator(self) -> Operator:
        """The operator to test."""
        raise NotImplementedError("override the fixture `operator`: it returns the operator to test")

    def test_examples(self, operator: Operator) -> None:
        """Each example of the operator is what it gives."""
        for example in operator.examples:
            found = operator.values(example.before, max(1, len(example.after)), random.Random(example.seed))
            assert [repr(value) for value in found] == [repr(value) for value in example.after], example

    def test_says_what_it_is(self, operator: Operator) -> None:
        """It has a name, a summary of one line, examples, and kinds if it changes anything."""
        assert operator.name.isidentifier()
        assert operator.summary.strip()
        assert "\n" not in operator.summary
        assert operator.examples
        assert operator.kinds or not operator.changes

    def test_values_are_distinct_and_not_the_default_or_the_default_is_refused_in_words(
        self, operator: Operator
    ) -> None:
        """Values differ from the default and from each other; a refusal is one line that names the default."""
        for default in _defaults_of(operator):
            for seed in range(5):
                found = values_or_refusal(operator, default, 8, seed)
                if isinstance(found, str):
                    assert "default" in found
                    assert "\n" not in found
                else:
                    assert len(found) == len(set(found)) <= 8
                    assert (default in found) is not operator.changes

    def test_values_survive_being_written_and_read(self, operator: Operator) -> None:
        """A float is finite and the same once written as text and read again."""
        for default in _defaults_of(operator):
            found = values_or_refusal(operator, default, 5, 0)
            for value in found if isinstance(found, list) else ():
                if isinstance(value, float) and operator.changes:
                    assert math.isfinite(value)
                    assert float(repr(value)) == value

    def test_the_seed_decides(self, operator: Operator) -> None:
        """The same seed gives the same values, and other seeds give others."""
        most = max(
            (example.before for example in operator.examples), key=lambda d: len(operator.values(d, 9, random.Random()))
        )
        draws = [tuple(operator.values(most, 9, random.Random(seed))) for seed in range(30)]
        again = [tuple(operator.values(most, 9, random.Random(seed))) for seed in range(30)]
        assert draws == again
        assert len(set(draws)) > 1 or not operator.changes

    def test_more_values_only_add_to_fewer(self, operator: Operator) -> None:
        """The first four of nine values are the four values that are drawn alone."""
        for default in _defaults_of(operator):
            for seed in range(3):
                many = values_or_refusal(operator, default, 9, seed)
                if isinstance(many, list):
                    assert operator.values(default, 4, random.Random(seed)) == many[:4]


def values_or_refusal(operator: Operator, default: Value, count: int, seed: int) -> list[Value] | str:
    """The values of an operator, or the text with which it refuses the default."""
    try:
        return operator.values(default, count, random.Random(seed))
    except ValueError as refusal:
        return str(refusal)


def _defaults_of(operator: Operator) -> list[Value]:
    return [*(example.before for example in operator.examples), *WHOLE, *REAL, *ODD]
