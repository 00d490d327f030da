"""Rows are of trials that ended well: those that failed, or have not ended, are in none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mutegreen.errors import UsageError
from mutegreen.model import AuditOptions, Goal, Measurement, Mutant, Outcome, Trial, TrialResult
from mutegreen.store.audit_records import AuditRecord, MutantRecord
from mutegreen.store.epochs import epochs_frame
from mutegreen.store.export_rows import phase_records, records
from mutegreen.store.extra_metrics import column_of
from mutegreen.store.rows import rows_frame
from mutegreen.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One trial that ended well, one that failed and one that has not ended."""
    opened = Store.create(tmp_path / "store.sqlite")
    audit = AuditRecord("a-1", "a", "/a", "0", Goal.MAXIMIZE, None, AuditOptions(), {}, (), "2026-01-01T00:00:00+00:00")
    trials = [Trial(number, "original", number, 0, number, 7) for number in (1, 2, 3)]
    opened.add_audit(audit, [MutantRecord(Mutant("original"), "")], trials)
    for trial, outcome in zip(trials, (Outcome.OK, Outcome.FAILED), strict=False):
        reason = None if outcome is Outcome.OK else "why"
        ended = TrialResult(outcome, reason, "2026-01-01T00:00:00+00:00", 2.0, 1.0, 1, 0, 0.5, (), Measurement(2.0))
        opened.finish_trial("a-1", trial, ended)
    return opened


def test_only_trials_that_ended_well_have_rows(store: Store) -> None:
    audit = store.audit("a-1")
    assert [row["trial"] for row in records(store, audit)] == [1]
    assert phase_records(store, audit) == []


def test_trials_without_time_stamps_have_no_epochs(store: Store) -> None:
    audit = store.audit("a-1")
    assert epochs_frame(store, audit, rows_frame(records(store, audit))).empty


@pytest.mark.parametrize(
    ("columns", "hint"),
    [(["performance_mAP", "goal_mAP"], "its extra metrics are: mAP"), (["performance"], r"\[performance.also\]")],
)
def test_an_unknown_metric_is_refused_with_the_known_ones(columns: list[str], hint: str) -> None:
    with pytest.raises(UsageError, match="rows has no extra metric loss") as caught:
        column_of("loss", pd.Index(columns), "rows")
    assert hint.replace("\\", "") in str(caught.value.hint)
