"""The store's contract, and what it does when the file system lets it down."""

import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mutegreen.clock import now
from mutegreen.errors import StoreError, UsageError
from mutegreen.model import (
    AuditOptions,
    Change,
    Data,
    DomainEnergy,
    Epoch,
    Evidence,
    ExtraMetric,
    Flag,
    Goal,
    Measurement,
    Mutant,
    Outcome,
    Quality,
    Trial,
    TrialResult,
    Unavailable,
)
from mutegreen.store import schema
from mutegreen.store.audit_records import AuditRecord, MutantRecord
from mutegreen.store.export_rows import COLUMNS, columns_of, records
from mutegreen.store.store import Store

MUTANTS = [
    MutantRecord(Mutant("original"), ""),
    MutantRecord(Mutant.of(Change("lr", 0.5, 1.0, "learning_rate")), "- a\n+ b"),
    MutantRecord(Mutant.of(Change("opt", "sgd", "adam", "given")), ""),
]
PAIR = Mutant.of(*(change for record in MUTANTS for change in record.mutant.changes))
ALSO = (ExtraMetric("mAP", pattern=r"mAP (\S+)"), ExtraMetric("loss", key="a.b", goal=Goal.MINIMIZE, tolerance=0.1))
TRIALS = [Trial(n, MUTANTS[n - 1].mutant.id, 0, n - 1, 0, 2**31 - 1) for n in (1, 2, 3)]


def audit(audit_id: str = "a-1", data: Data | None = None) -> AuditRecord:
    return AuditRecord(
        audit_id,
        "a",
        "/a",
        "0",
        Goal.MINIMIZE,
        0.01,
        AuditOptions(),
        {"cpus": 2},
        ("note",),
        now(),
        data=data,
        also=ALSO,
    )


def result(outcome: Outcome = Outcome.OK, performance: float | None = 0.9) -> TrialResult:
    domains = (
        DomainEnergy("cpu:package-0", "rapl", Quality.COUNTER, 100.0, 2.0, 10.0, frozenset({Flag.COUNTER_WRAPPED})),
        DomainEnergy("cpu:package-1", "rapl", Quality.INTEGRATED, 50.0, 2.0, 5.0),
        DomainEnergy("gpu:GPU-1", "nvml", Quality.COUNTER, None, 2.0, None, frozenset({Flag.DEVICE_LOST}), "gone"),
        DomainEnergy("psys", "rapl", Quality.COUNTER, 500.0, 2.0),
    )
    return TrialResult(
        outcome=outcome,
        reason=None if outcome is Outcome.OK else "why",
        started_at=now(),
        duration_s=2.0,
        cpu_s=3.5,
        peak_rss_bytes=2**33,
        status=0,
        performance=performance,
        epochs=(Epoch(0.5, 1.0), Epoch(0.9, None)),
        measurement=Measurement(2.0, domains),
        evidence=(Evidence("lr", 0.5, True, "seen"),),
        also={"mAP": 0.25, "loss": math.inf},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "mutegreen.sqlite"


@pytest.fixture
def store(path: Path) -> Store:
    opened = Store.create(path)
    opened.add_audit(audit(), MUTANTS, TRIALS)
    return opened


def test_what_is_written_is_read_back(store: Store, path: Path) -> None:
    store.finish_trial("a-1", TRIALS[0], result())
    store.set_start("a-1", 12.5, {"cpu:package-0": 10.0}, [Unavailable("nvml", "no library", "install it")])
    store.finish_audit("a-1")
    with Store.open(path) as again:
        found = again.audit("a-1")
        assert (found.preflight_s, found.idle_w) == (12.5, {"cpu:package-0": 10.0})
        assert found.unavailable == (Unavailable("nvml", "no library", "install it"),)
        assert found.finished_at is not None
        assert (found.goal, found.tolerance, found.notes) == (Goal.MINIMIZE, 0.01, ("note",))
        assert (found.data, found.also) == (None, ALSO)
        assert again.mutants("a-1") == MUTANTS
        trials = again.trials("a-1")
        assert [record.trial for record in trials] == TRIALS
        assert [record.result for record in trials] == [result_at(store), None, None]


def result_at(store: Store) -> TrialResult | None:
    return store.trials("a-1")[0].result


def test_a_result_is_read_back_as_it_was(store: Store) -> None:
    before = result()
    store.finish_trial("a-1", TRIALS[0], before)
    assert result_at(store) == before


def test_pending_are_those_not_ended_and_those_interrupted(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result())
    store.finish_trial("a-1", TRIALS[1], result(Outcome.INTERRUPTED))
    assert store.pending("a-1") == TRIALS[1:]
    store.finish_trial("a-1", TRIALS[1], result(Outcome.FAILED))
    assert store.pending("a-1") == TRIALS[2:]
    assert store.outcomes("a-1") == {"ok": 1, "failed": 1, "pending": 1}
    assert len(store.trials("a-1")[1].result.measurement.domains) == 4


def test_rows_are_the_contract(store: Store) -> None:
    for trial in TRIALS:
        store.finish_trial("a-1", trial, result())
    rows = records(store, store.audit())
    assert [tuple(row) for row in rows] == [columns_of(audit())] * 3
    assert columns_of(audit())[: len(COLUMNS)] == COLUMNS
    original, mutant, text = rows
    assert (original["mutant"], original["hyperparameter"], original["value"]) == ("original", None, None)
    assert (mutant["hyperparameter"], mutant["value"], mutant["default"]) == ("lr", 0.5, 1.0)
    assert (text["value"], text["default"]) == ("sgd", "adam")
    assert mutant["package_j"] == 150.0
    assert mutant["net_package_j"] == 150.0 - 2.0 * 15.0
    assert mutant["quality_package_j"] == "integrated", "the worst in the sum"
    assert (mutant["gpu_j"], mutant["dram_j"]) == (None, None), "lost and never measured: not 0"
    assert mutant["flags"] == "counter_wrapped device_lost"


def test_extra_metrics_are_kept_by_name_and_a_trial_may_lack_them(store: Store) -> None:
    extra_metrics: tuple[dict[str, float], ...] = ({"mAP": 0.25, "loss": math.nan}, {"loss": 0.5}, {})
    for trial, also in zip(TRIALS, extra_metrics, strict=True):
        store.finish_trial("a-1", trial, replace(result(), also=also))
    kept = [record.result.also for record in store.trials("a-1") if record.result]
    assert kept[1:] == [{"loss": 0.5}, {}]
    assert kept[0]["mAP"] == 0.25
    assert math.isnan(kept[0]["loss"]), "printed, but no number: not the same as never printed"
    rows = records(store, store.audit())
    assert [row["performance_mAP"] for row in rows] == [0.25, None, None]
    assert [row["performance_loss"] for row in rows[1:]] == [0.5, None]
    assert {(row["goal_mAP"], row["goal_loss"]) for row in rows} == {("maximize", "minimize")}
    assert {row["performance"] for row in rows} == {0.9}


def test_a_trial_that_is_run_again_has_only_its_new_values(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(Outcome.INTERRUPTED))
    store.finish_trial("a-1", TRIALS[0], replace(result(), also={"mAP": 0.5}))
    found = result_at(store)
    assert found is not None
    assert found.also == {"mAP": 0.5}


@pytest.mark.parametrize(
    ("data", "cell"), [(None, None), (Data("MNIST"), "MNIST"), (Data("shapes", True), "generated: shapes")]
)
def test_the_data_are_kept_and_written_in_every_row(store: Store, data: Data | None, cell: str | None) -> None:
    store.add_audit(audit("a-2", data), MUTANTS, TRIALS)
    store.finish_trial("a-2", TRIALS[0], result())
    assert store.audit("a-2").data == data
    assert [row["data"] for row in records(store, store.audit("a-2"))] == [cell]
    assert cell is None or Data.of(cell) == data


def test_a_mutant_of_two_hyperparameters_is_kept_and_written_with_both(store: Store) -> None:
    mutants = [PAIR, Mutant("original"), Mutant("identity")]
    trials = [Trial(number, mutant.id, 0, number - 1, 0, None) for number, mutant in enumerate(mutants, 1)]
    store.add_audit(audit("a-2"), [MutantRecord(mutant, "") for mutant in mutants], trials)
    assert [record.mutant for record in store.mutants("a-2")] == mutants
    for trial in trials:
        store.finish_trial("a-2", trial, result())
    pair, original, identity = records(store, store.audit("a-2"))
    joined = [pair[column] for column in ("mutant", "hyperparameter", "value", "default")]
    assert joined == ["lr=0.5,opt=sgd", "lr,opt", "0.5,sgd", "1.0,adam"]
    assert json.loads(str(pair["changes"])) == {"lr": 0.5, "opt": "sgd"}
    assert (original["changes"], identity["changes"]) == (None, "{}")


def test_rows_hold_only_trials_that_ended_ok(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(Outcome.DIVERGED, math.nan))
    assert records(store, store.audit()) == []


def test_infinite_and_missing_performance_survive(store: Store) -> None:
    store.finish_trial("a-1", TRIALS[0], result(Outcome.DIVERGED, math.inf))
    store.finish_trial("a-1", TRIALS[1], result(Outcome.FAILED, None))
    found = [record.result.performance for record in store.trials("a-1") if record.result]
    assert found == [math.inf, None]


def test_an_audit_that_is_not_there_names_those_that_are(store: Store) -> None:
    with pytest.raises(UsageError, match="no audit b-2") as caught:
        store.audit("b-2")
    assert "a-1" in str(caught.value.hint)


def test_an_audit_can_be_removed(store: Store) -> None:
    store.remove_audit("a-1")
    assert store.audits() == []
    store.add_audit(audit(), MUTANTS, TRIALS)


def test_a_missing_store_is_reported_and_reading_creates_none(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store"):
        Store.open(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("version", [schema.VERSION + 1, 0])
def test_another_schema_is_refused(store: Store, path: Path, version: int) -> None:
    store.close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {version}")
    raw.close()
    for opening in (Store.open, Store.create):
        with pytest.raises(StoreError, match=f"schema version {version}, but this MuteGreen knows {schema.VERSION}"):
            opening(path)


def test_another_programs_database_is_not_changed(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE t (x)")
    raw.close()
    with pytest.raises(StoreError, match="not a store of MuteGreen"):
        Store.create(path)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database at all, but long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match="not a database"):
        Store.create(path)


def test_a_full_store_says_so_and_keeps_what_it_has(store: Store, path: Path) -> None:
    store.finish_trial("a-1", TRIALS[0], result())
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    many = Measurement(1.0, tuple(DomainEnergy(f"gpu:{n}", "m", Quality.COUNTER, 1.0, 1.0) for n in range(5000)))
    big = TrialResult(Outcome.OK, None, now(), 1.0, 1.0, 1, 0, 0.5, (), many)
    with pytest.raises(StoreError, match="full") as caught:
        store.finish_trial("a-1", TRIALS[1], big)
    assert "free some space" in str(caught.value.hint)
    store.close()
    with Store.open(path) as again:
        assert again.outcomes("a-1") == {"ok": 1, "pending": 2}


def run_unprivileged(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code without the privilege of root to write anywhere."""
    words = [sys.executable, "-c", code, *map(str, arguments)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root writes everywhere, and setpriv is not there to take that power away")
        words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


OPEN = """
import sys; from pathlib import Path
from mutegreen.errors import StoreError
from mutegreen.store.store import Store
try:
    store = getattr(Store, sys.argv[2])(Path(sys.argv[1]))
    if sys.argv[2] == "create":
        store.remove_audit("a-1")
    print(len(store.audits()))
except StoreError as error:
    print(error.message, "|", error.hint)
"""


def test_a_read_only_store_is_read_but_not_written(store: Store, path: Path) -> None:
    store.close()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert run_unprivileged(OPEN, path, "open").stdout == "1\n"
        assert "readonly" in (said := run_unprivileged(OPEN, path, "create").stdout)
        assert "make the file and its folder writable" in said
    finally:
        path.parent.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    said = run_unprivileged(OPEN, closed / "deeper" / "s.sqlite", "create").stdout
    assert "Permission denied" in said
    assert "--store FILE" in said
