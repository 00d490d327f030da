"""The operators draw from the distributions that their rules state."""

import math
import random
from collections import Counter

import pytest
from scipy import stats

from mutegreen.catalog import operators


def drawn(name: str, default: float, number: int = 10_000) -> list[float]:
    """First values only: the condition that values differ would distort the distribution."""
    rng = random.Random(20)
    return [float(operators()[name].values(default, 1, rng)[0]) for _ in range(number)]


def is_uniform(sample: list[float], low: float, high: float) -> bool:
    return bool(stats.kstest(sample, stats.uniform(low, high - low).cdf).pvalue > 0.01)


def test_learning_rates_are_uniform_in_the_logarithm() -> None:
    steps = [math.log10(value / 0.03) for value in drawn("learning_rate", 0.03)]
    assert is_uniform(steps, -1, 1)
    assert min(steps) < -0.99
    assert max(steps) > 0.99


@pytest.mark.parametrize(("name", "default"), [("gamma", 0.7), ("weight_decay", 0.0001)])
def test_decay_factors_follow_the_fair_coin_of_the_study(name: str, default: float) -> None:
    sample = drawn(name, default)
    less = [(default / value - 1) / 4 for value in sample if value < default]
    more = [(value / default - 1) / 2 for value in sample if value > default]
    assert stats.binomtest(len(less), len(sample)).pvalue > 0.01
    assert is_uniform(less, 0, 1)
    assert is_uniform(more, 0, 1)


@pytest.mark.parametrize("default", [0.0, 0.5, 0.9, 0.999])
def test_distances_of_momentum_to_one_are_uniform_in_the_logarithm(default: float) -> None:
    steps = [math.log10((1 - value) / (1 - default)) for value in drawn("momentum", default)]
    assert is_uniform(steps, -1, min(1, -math.log10(1 - default)))


@pytest.mark.parametrize(
    ("default", "low", "high"), [(0.0, 0, 0.25), (0.1, 0, 0.35), (0.5, 0.25, 0.75), (0.9, 0.65, 1)]
)
def test_dropout_is_uniform_around_the_default(default: float, low: float, high: float) -> None:
    assert is_uniform(drawn("dropout", default), low, high)


@pytest.mark.parametrize(("name", "default"), [("epochs", 14), ("batch_size", 64), ("threshold", 2)])
def test_whole_numbers_are_equally_likely_in_every_place(name: str, default: int) -> None:
    rng = random.Random(20)
    orders = [operators()[name].values(default, 1000, rng) for _ in range(3000)]
    for place in range(len(orders[0])):
        counts = Counter(order[place] for order in orders)
        assert len(counts) == len(orders[0])
        assert stats.chisquare(list(counts.values())).pvalue > 0.001
