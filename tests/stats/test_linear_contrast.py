"""Linear contrasts: those of `contrast` among them, and the stated false alarms for any noisy arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from mutegreen.stats.model.block_model import Floats
from mutegreen.stats.model.concurrency_covariate import fit_with_concurrency
from mutegreen.stats.model.contrast import contrasts_with_original
from mutegreen.stats.model.linear_contrast import linear_contrasts
from mutegreen.stats.model.moderation import moderate
from mutegreen.stats.model.noisy_arms import noisier

ARMS = 6
CORNERS = np.array([[1.0, -1.0, -1.0, 1.0, 0.0, 0.0]])
"""The interaction of arms 1 and 2, changed separately, that are changed together in arm 3."""


def differences(n_arms: int) -> Floats:
    return np.asarray(np.eye(n_arms)[1:] - np.eye(n_arms)[0])


@pytest.mark.parametrize("concurrency", [None, "uneven"])
def test_differences_to_the_first_arm_are_those_of_contrasts(concurrency: str | None) -> None:
    rng = np.random.default_rng(4)
    kept = rng.random(ARMS * 5) > 0.2
    arm, block = np.tile(np.arange(ARMS), 5)[kept], np.repeat(np.arange(5), ARMS)[kept]
    covariate = np.log(rng.integers(1, 4, len(arm)).astype(float)) if concurrency else None
    fitted = fit_with_concurrency(rng.normal(0, 1, len(arm)), arm, block, ARMS + 1, covariate)
    noise = moderate(fitted.variance, fitted.df)
    assert not noisier(fitted.variance, fitted.df).any()
    expected, found = contrasts_with_original(fitted, noise), linear_contrasts(fitted, noise, differences(ARMS + 1))
    assert np.isfinite(found.error).sum() == ARMS - 1, "the last arm has no observations"
    for name in ("estimate", "error", "df", "stretch"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name)[1:], err_msg=name)


def test_additive_effects_are_no_interaction_in_spite_of_rounding() -> None:
    observations = np.tile([0.1, 0.3, 0.7, 0.9, 0.5, 0.2], 4)
    fitted = fit_with_concurrency(observations, np.tile(np.arange(ARMS), 4), np.repeat(np.arange(4), ARMS), ARMS, None)
    found = linear_contrasts(fitted, moderate(fitted.variance, fitted.df), CORNERS)
    assert fitted.effect[3] - fitted.effect[1] - fitted.effect[2] + fitted.effect[0] != 0.0
    assert found.estimate[0] == 0.0
    assert np.isnan(found.error[0]), "nothing varies"


def p_values(
    repetitions: int,
    noise: Sequence[float] = (1.0,) * ARMS,
    drift: float = 0.0,
    effect: float = 0.0,
    audits: int = 1000,
) -> tuple[Floats, Floats]:
    """Two-sided p of the interaction: ours, and that of least squares on the corners with blocks.

    Args:
        repetitions: Figures of each arm, one in each block.
        noise: Standard deviation of each arm's observations.
        drift: Standard deviation of the effects of blocks.
        effect: The true interaction.
        audits: How many are simulated.
    """
    rng = np.random.default_rng(1)
    arm, block = np.tile(np.arange(ARMS), repetitions), np.repeat(np.arange(repetitions), ARMS)
    ours, plain = np.empty(audits), np.empty(audits)
    for at in range(audits):
        level = rng.normal(0, drift, (repetitions, 1))
        observations = level + rng.normal(0, noise, (repetitions, ARMS)) + effect * (np.arange(ARMS) == 3)
        fitted = fit_with_concurrency(observations.ravel(), arm, block, ARMS, None)
        ours[at] = linear_contrasts(fitted, moderate(fitted.variance, fitted.df), CORNERS).differ()[0]
        plain[at] = _least_squares(observations[:, :4])
    return ours, plain


def _least_squares(observations: Floats) -> float:
    """P of the two-way analysis of variance of the four corners, shape (blocks, 4)."""
    blocks = len(observations)
    residual = observations - observations.mean(axis=0) - observations.mean(axis=1, keepdims=True) + observations.mean()
    df = 3 * (blocks - 1)
    error = np.sqrt((residual**2).sum() / df * 4 / blocks)
    return float(2 * stats.t.sf(abs(observations.mean(axis=0) @ CORNERS[0, :4]) / error, df))


@pytest.mark.parametrize("repetitions", [3, 5])
@pytest.mark.parametrize("drift", [0.0, 5.0])
def test_in_even_noise_5_of_100_are_false_alarms_at_most(repetitions: int, drift: float) -> None:
    ours, _ = p_values(repetitions, drift=drift)
    assert 0.01 <= (ours <= 0.05).mean() <= 0.05


@pytest.mark.parametrize("repetitions", [3, 5])
@pytest.mark.parametrize("noisy", [0, 1, 3], ids=["original", "changed separately", "changed together"])
def test_with_a_corner_20_times_as_noisy_there_are_about_as_many(repetitions: int, noisy: int) -> None:
    noise = np.ones(ARMS)
    noise[noisy] = 20.0
    ours, plain = p_values(repetitions, list(noise), drift=5.0)
    assert (ours <= 0.05).mean() <= 0.065, "0.05 and 1.5 standard errors of 500 audits"
    assert (plain <= 0.05).mean() > 0.07, "least squares take all corners to be equally noisy"


@pytest.mark.parametrize("repetitions", [3, 5])
@pytest.mark.parametrize("effect", [3.0, 5.0])
def test_in_even_noise_little_power_is_lost_to_least_squares(repetitions: int, effect: float) -> None:
    ours, plain = ((p <= 0.05).mean() for p in p_values(repetitions, drift=5.0, effect=effect, audits=500))
    assert ours >= plain - (0.12 if repetitions == 3 else 0.08)
    assert plain > 0.4
