"""Decision rule of the published protocol: Student's t-test, Cliff's delta, then the mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from mutegreen.model import ORIGINAL, Verdict
from mutegreen.stats.reason import ReasonCode
from mutegreen.stats.settings import ALPHA, MIN_REPETITIONS
from mutegreen.stats.verdicts.effect import NEGLIGIBLE, dominance

_Text = TypeVar("_Text", bound=str)


def compare(observations: pd.Series[float], mutants: pd.Series[str], *, less_is_better: bool) -> pd.DataFrame:
    """Compare every mutant with the original in one metric.

    The verdict is a tie if p > 0.05 or |delta| < 0.147; else the means decide. p is from the two-sided t-test with
    equal variances. Where neither arm varies the test is undefined: different constants get its limit, p = 0; equal
    constants have no p, and delta = 0 makes them a tie. The verdict is undecided if an arm has fewer than two
    observations or an infinite one.

    Args:
        observations: Shape (N,), NaN where not measured.
        mutants: Shape (N,), the mutant of each observation; `original` must be among them.
        less_is_better: Whether a smaller value is better, as for energy and time.

    Returns:
        Index: mutants in order of appearance. Columns: n, n_original, mean, mean_original, relative_change, p,
        cliffs_delta (floats, NaN where not known), verdict, reason (values of `Verdict` and `ReasonCode`, "" for no
        reason).
    """
    with np.errstate(all="ignore"):
        table = _arm_moments(observations, mutants)
        table["relative_change"] = (table["mean"] - table["mean_original"]) / table["mean_original"].abs()
        table["p"] = _student_p(table)
        table["cliffs_delta"] = _deltas(observations, mutants)
        obstacles = _obstacles(table)
    undecided = pd.DataFrame(obstacles).any(axis=1)
    table["verdict"] = _verdicts(table, undecided, less_is_better)
    table["reason"] = _first_that_holds(obstacles | _remarks(table), "")
    return table


def _arm_moments(observations: pd.Series[float], mutants: pd.Series[str]) -> pd.DataFrame:
    """By mutant: n, mean, var, min and max, and those of the original as `n_original` and so on."""
    moments = observations.groupby(mutants, sort=False).agg(["count", "mean", "var", "min", "max"])
    moments = moments.rename(columns={"count": "n"})
    # The mean of a constant may differ from it by rounding, and p would then be 0 for equal constants.
    moments["mean"] = moments["mean"].mask(moments["min"] == moments["max"], moments["min"])
    original = {f"{name}_original": moments[name].loc[ORIGINAL] for name in moments}
    return moments.drop(index=ORIGINAL).assign(**original)


def _student_p(table: pd.DataFrame) -> pd.Series[float]:
    """Two-sided p of Student's t-test with equal variances; NaN where it does not exist."""
    n, other_n = table["n"], table["n_original"]
    df = n + other_n - 2
    pooled = ((n - 1) * table["var"] + (other_n - 1) * table["var_original"]) / df
    t = (table["mean"] - table["mean_original"]) / np.sqrt(pooled * (1 / n + 1 / other_n))
    return pd.Series(2 * special.stdtr(df, -t.abs()), table.index)


def _deltas(observations: pd.Series[float], mutants: pd.Series[str]) -> pd.Series[float]:
    original = observations[mutants == ORIGINAL].dropna()
    return pd.Series(dominance(observations, original), observations.index).groupby(mutants, sort=False).mean()


def _obstacles(table: pd.DataFrame) -> dict[ReasonCode, pd.Series[bool]]:
    """Obstacles to a verdict, and which mutants each concerns."""
    return {
        ReasonCode.ORIGINAL_NOT_MEASURED: table["n_original"] == 0,
        ReasonCode.MUTANT_NOT_MEASURED: table["n"] == 0,
        ReasonCode.ORIGINAL_INFINITE: ~_finite(table["min_original"], table["max_original"]),
        ReasonCode.MUTANT_INFINITE: ~_finite(table["min"], table["max"]),
        ReasonCode.ONE_TRIAL_OF_ORIGINAL: table["n_original"] < MIN_REPETITIONS,
        ReasonCode.ONE_TRIAL_OF_MUTANT: table["n"] < MIN_REPETITIONS,
    }


def _remarks(table: pd.DataFrame) -> dict[ReasonCode, pd.Series[bool]]:
    constant = (table["var"] == 0) & (table["var_original"] == 0)
    return {
        ReasonCode.ALL_EQUAL: constant & (table["mean"] == table["mean_original"]),
        ReasonCode.NEITHER_VARIES: constant,
    }


def _finite(low: pd.Series[float], high: pd.Series[float]) -> pd.Series[bool]:
    return low.abs().lt(np.inf) & high.abs().lt(np.inf)


def _verdicts(table: pd.DataFrame, undecided: pd.Series[bool], less_is_better: bool) -> NDArray[np.str_]:
    tie = (table["p"] > ALPHA) | (table["cliffs_delta"].abs() < NEGLIGIBLE)
    win = (table["mean"] < table["mean_original"]) == less_is_better
    cases = {Verdict.UNDECIDED: undecided, Verdict.TIE: tie, Verdict.WIN: win}
    return _first_that_holds({case.value: holds for case, holds in cases.items()}, Verdict.LOSS.value)


def _first_that_holds(cases: Mapping[_Text, pd.Series[bool]], otherwise: str) -> NDArray[np.str_]:
    conditions = [condition.to_numpy() for condition in cases.values()]
    return np.select(conditions, [np.array(str(case)) for case in cases], np.array(otherwise))
