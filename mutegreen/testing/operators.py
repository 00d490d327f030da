"""Contract suite for operators."""

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
"""Defaults that are numbers, including the ends of the range of floats."""

ODD: list[Value] = [True, "fourteen", "", -1, -0.5, math.inf, -math.inf, math.nan, 2**53, 10**400, "x" * 1000]
"""Defaults that few operators accept. Others must raise a `ValueError` with a message, and no other error."""


class OperatorContract:
    """Tests the contract of an operator. Derive a class whose name begins with `Test`, and override `operator`.

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
        """Return the operator to test."""
        raise NotImplementedError("override the fixture `operator`: it returns the operator to test")

    def test_examples(self, operator: Operator) -> None:
        """The operator returns the values of every example."""
        for example in operator.examples:
            values = operator.values(example.before, max(1, len(example.after)), random.Random(example.seed))
            assert [repr(value) for value in values] == [repr(value) for value in example.after], example

    def test_has_a_name_a_summary_and_kinds(self, operator: Operator) -> None:
        """An operator has a name, a summary of one line, examples, and kinds if it changes anything."""
        assert operator.name.isidentifier()
        assert operator.summary.strip()
        assert "\n" not in operator.summary
        assert operator.examples
        assert operator.kinds or not operator.changes

    def test_values_are_distinct_and_not_the_default_or_the_default_is_refused_in_words(
        self, operator: Operator
    ) -> None:
        """Values differ from the default and from each other; an error is one line that has the word default."""
        for default in _defaults_of(operator):
            for seed in range(5):
                result = values_or_refusal(operator, default, 8, seed)
                if isinstance(result, str):
                    assert "default" in result
                    assert "\n" not in result
                else:
                    assert len(result) == len(set(result)) <= 8
                    assert (default in result) is not operator.changes

    def test_values_survive_being_written_and_read(self, operator: Operator) -> None:
        """Floats are finite, and equal after they are written as text and read again."""
        for default in _defaults_of(operator):
            result = values_or_refusal(operator, default, 5, 0)
            for value in result if isinstance(result, list) else ():
                if isinstance(value, float) and operator.changes:
                    assert math.isfinite(value)
                    assert float(repr(value)) == value

    def test_the_seed_decides(self, operator: Operator) -> None:
        """The same seed gives the same values, and different seeds give different values."""
        widest = max(
            (example.before for example in operator.examples), key=lambda d: len(operator.values(d, 9, random.Random()))
        )
        draws = [tuple(operator.values(widest, 9, random.Random(seed))) for seed in range(30)]
        again = [tuple(operator.values(widest, 9, random.Random(seed))) for seed in range(30)]
        assert draws == again
        assert len(set(draws)) > 1 or not operator.changes

    def test_more_values_only_add_to_fewer(self, operator: Operator) -> None:
        """The first four of nine values equal the values of a call for four."""
        for default in _defaults_of(operator):
            for seed in range(3):
                many = values_or_refusal(operator, default, 9, seed)
                if isinstance(many, list):
                    assert operator.values(default, 4, random.Random(seed)) == many[:4]


def values_or_refusal(operator: Operator, default: Value, count: int, seed: int) -> list[Value] | str:
    """Return the values of an operator, or the message of the error with which it refuses the default."""
    try:
        return operator.values(default, count, random.Random(seed))
    except ValueError as refusal:
        return str(refusal)


def _defaults_of(operator: Operator) -> list[Value]:
    return [*(example.before for example in operator.examples), *WHOLE, *REAL, *ODD]
