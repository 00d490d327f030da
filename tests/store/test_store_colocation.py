"""What a store keeps of co-location, and of the course of a training, is read back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen.errors import StoreError
from mutegreen.model import (
    AuditOptions,
    BackgroundRun,
    Colocation,
    DomainEnergy,
    Flag,
    Goal,
    Measurement,
    Mutant,
    Outcome,
    Overlap,
    Phase,
    Quality,
    Span,
    Trial,
    TrialResult,
)
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord
from mutegreen.store.export_rows import phase_records
from mutegreen.store.store import Store

GPU = "gpu:GPU-1"
TRIALS = [Trial(1, "original", 0, 0, 0, 7), Trial(2, "original", 1, 0, 1, 8)]
KNOWN = DomainEnergy(GPU, "nvml", Quality.ATTRIBUTED, 60.0, 2.0, 10.0)
LOST = DomainEnergy("cpu:package-0", "rapl", Quality.COUNTER, None, 2.0, None, frozenset({Flag.DEVICE_LOST}), "gone")
PHASES = (
    Phase("epoch", 0.0, 1.0, {GPU: 20.0}),
    Phase("test", 1.0, 1.5, {GPU: 5.0}),
    Phase("epoch", 1.5, 2.0, {GPU: 9.0}),
)
COLOCATION = Colocation(
    overlaps=(Overlap("trial 2", 1.5), Overlap("burn", 2.0)),
    shares=(KNOWN, LOST),
    backgrounds=(BackgroundRun("burn", None, None, 0.5, 1), BackgroundRun("train", 2.5, 1.25, None, 0)),
    by_use={GPU: 0.75},
)


def result(colocation: Colocation | None = None, phases: tuple[Phase, ...] = ()) -> TrialResult:
    return TrialResult(
        outcome=Outcome.OK,
        reason=None,
        started_at="2026-01-01T00:00:00+00:00",
        duration_s=2.0,
        cpu_s=1.0,
        peak_rss_bytes=1,
        status=0,
        performance=0.5,
        epochs=(),
        measurement=Measurement(2.0, (KNOWN, LOST)),
        colocation=colocation,
        phases=phases,
        timelines={GPU: ((1.0, 30.0), (2.0, 15.5))} if phases else {},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.create(tmp_path / "store.sqlite")
    audit = AuditRecord("a-1", "a", "/a", "0", Goal.MAXIMIZE, None, AuditOptions(), {}, (), "2026-01-01T00:00:00+00:00")
    opened.add_audit(audit, [MutantRecord(Mutant("original"), "")], TRIALS)
    return opened


def test_colocation_is_read_back_and_none_stays_none(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(COLOCATION))
    store.finish_trial("a-1", TRIALS[1], result())
    found = [record.result.colocation for record in store.trials("a-1") if record.result]
    assert found == [COLOCATION, None]


def test_backgrounds_are_read_back_with_their_words(store: Store) -> None:
    backgrounds = (
        BackgroundRecord("burn", "/project", words=("python", "burn.py")),
        BackgroundRecord("train", "/subjects/train", "smoke", (), "abc", 0.5, 3.25),
    )
    assert store.audit("a-1").backgrounds == ()
    store.set_backgrounds("a-1", backgrounds)
    assert store.audit("a-1").backgrounds == backgrounds


def test_spans_are_read_back_in_their_order_and_added_to(store: Store) -> None:
    first = Span("2026-01-01T00:00:00+00:00", Measurement(2.0, (KNOWN, LOST)), {GPU: 60.0}, {GPU: 0.0})
    second = Span("2026-01-01T01:00:00+00:00", Measurement(2.0, (KNOWN,)), {GPU: 50.0})
    third = Span("2026-01-01T02:00:00+00:00", Measurement(2.0, (LOST,)), {})
    assert store.spans("a-1") == ()
    store.add_spans("a-1", [first, second])
    store.add_spans("a-1", [third])
    assert store.spans("a-1") == (first, second, third)


def test_phases_and_power_over_time_are_read_back(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(phases=PHASES))
    assert store.phases("a-1") == {1: PHASES}
    assert store.timelines("a-1", 1) == {GPU: ((1.0, 30.0), (2.0, 15.5))}
    assert store.timelines("a-1", 2) == {}


def test_phases_are_summed_by_name_for_trials_that_ended_well(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(phases=PHASES))
    found = phase_records(store, store.audit("a-1"))
    assert [(row["phase"], row["occurrences"], row["duration_s"]) for row in found] == [
        ("epoch", 2, 1.5),
        ("test", 1, 0.5),
    ]
    assert [row["gpu_j"] for row in found] == [29.0, 5.0]
    assert {row["package_j"] for row in found} == {None}, "a domain was lost"


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="its folder cannot be created or read") as caught:
        Store.create(tmp_path / "file" / "store.sqlite")
    assert "--store FILE" in str(caught.value.hint)
