"""Energy to target: the cost of a training until it reaches the original's final performance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mutegreen.model import Goal, Verdict
from mutegreen.stats.advice.target import TargetComparison, energy_to_target
from mutegreen.stats.reason import Reason, ReasonCode
from mutegreen.stats.settings import Settings

EPOCHS = 10
BLOCKS = 6


def epochs_of(mutant: str, block: int, rate: float, epoch_j: float, final: float = 0.9) -> list[dict[str, object]]:
    """A trial whose performance rises to `final` by `rate` per epoch, at `epoch_j` joules per epoch."""
    return [
        {
            "subject": "demo",
            "background": "",
            "mutant": mutant,
            "hyperparameter": "" if mutant == "original" else "learning_rate",
            "value": None if mutant == "original" else float(mutant.removeprefix("learning_rate=")),
            "default": None if mutant == "original" else 0.1,
            "repetition": block,
            "block": block,
            "position": 0,
            "trial": f"{mutant} {block}",
            "package_j": epoch * epoch_j,
            "dram_j": np.nan,
            "gpu_j": np.nan,
            "duration_s": epoch * 2.0,
            "performance": min(final, rate * epoch),
        }
        for epoch in range(1, EPOCHS + 1)
    ]


def audit(mutants: dict[str, tuple[float, float]], noise: float = 0.01, finals: float = 0.0) -> pd.DataFrame:
    """Epochs of trials, each with a rate and joules per epoch; `finals` is the variation between seeds."""
    random = np.random.default_rng(3)
    rows: list[dict[str, object]] = []
    for block in range(BLOCKS):
        final = 0.9 + finals * random.normal()
        for mutant, (rate, epoch_j) in mutants.items():
            rows += epochs_of(mutant, block, rate, epoch_j * np.exp(random.normal(0, noise)), final)
    return pd.DataFrame(rows)


def compared(frame: pd.DataFrame, metric: str = "package_j", **settings: float) -> dict[str, TargetComparison]:
    found = energy_to_target(frame, {}, {}, Settings(tolerance=settings.get("tolerance", 0.001)))
    return {row.mutant: row for row in found if row.metric == metric}


def test_a_mutant_that_reaches_the_target_in_half_of_the_epochs_takes_half_of_the_energy() -> None:
    # The original climbs 0.1 an epoch and is at 0.9 after nine; the mutant climbs 0.18 and is there after five.
    row = compared(audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)}))["learning_rate=0.2"]
    assert row.mean_original == pytest.approx(900, rel=0.02)
    assert row.mean == pytest.approx(500, rel=0.02)
    assert row.relative_change.value == pytest.approx(5 / 9 - 1, abs=0.02)
    assert (row.reach.epochs, row.reach_original.epochs) == (5, 9)
    assert row.target == pytest.approx(0.899)
    assert row.verdict is Verdict.WIN


def test_the_total_energy_does_not_show_it() -> None:
    """Ten epochs at the same power cost the same, whenever the target was reached."""
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)}, noise=0.0)
    totals = frame.groupby("mutant")["package_j"].max()
    assert totals["original"] == totals["learning_rate=0.2"]


def test_a_mutant_that_never_reaches_the_target_is_undecided_with_its_count() -> None:
    row = compared(audit({"original": (0.1, 100.0), "learning_rate=0.01": (0.05, 50.0)}))["learning_rate=0.01"]
    assert row.verdict is Verdict.UNDECIDED
    assert row.reach.reached == 0
    assert row.reach.trainings == BLOCKS
    assert row.mean is None
    assert row.reason == Reason(ReasonCode.MUTANT_MISSED_TARGET, count=0, of=BLOCKS)


def test_a_mutant_that_sometimes_reaches_the_target_is_undecided() -> None:
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)})
    unlucky = frame["mutant"].ne("original") & frame["block"].eq(2)
    frame.loc[unlucky, "performance"] = 0.5
    row = compared(frame)["learning_rate=0.2"]
    assert row.verdict is Verdict.UNDECIDED
    assert row.reason == Reason(ReasonCode.MUTANT_MISSED_TARGET, count=BLOCKS - 1, of=BLOCKS)


def test_each_block_sets_its_own_target() -> None:
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.2, 100.0)}, finals=0.03)
    row = compared(frame, tolerance=0.0)["learning_rate=0.2"]
    assert row.reach_original.reached == BLOCKS
    assert row.reach.reached == BLOCKS


def test_without_blocks_the_mean_over_the_original_is_the_target() -> None:
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.2, 100.0)}, finals=0.03).drop(columns="block")
    row = compared(frame, tolerance=0.0)["learning_rate=0.2"]
    finals = frame[frame["mutant"] == "original"].groupby("trial")["performance"].last()
    assert row.target == pytest.approx(finals.mean())
    assert row.reach_original.reached == int((finals >= finals.mean()).sum())


def test_a_smaller_performance_can_be_better() -> None:
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)})
    frame["performance"] = 1 - frame["performance"]
    found = energy_to_target(frame, {"demo": Goal.MINIMIZE}, {}, Settings(tolerance=0.001))
    row = next(row for row in found if row.metric == "package_j")
    assert row.target == pytest.approx(0.101)
    assert (row.reach.epochs, row.reach_original.epochs) == (5, 9)


def test_time_is_compared_too() -> None:
    row = compared(audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)}), "duration_s")
    assert row["learning_rate=0.2"].mean == pytest.approx(10)


def test_trials_with_one_performance_have_no_target() -> None:
    frame = audit({"original": (0.1, 100.0), "learning_rate=0.2": (0.18, 100.0)})
    last = frame.drop_duplicates("trial", keep="last")
    assert not list(energy_to_target(last, {}, {}, Settings()))
