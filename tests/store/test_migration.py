"""Stores of older schemas: read without writing, converted for writing, and never lost on the way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mutegreen.errors import StoreError
from mutegreen.harness.opening import Paths
from mutegreen.model import Seeding
from mutegreen.store import schema
from mutegreen.store.export_rows import records
from mutegreen.store.migration import swap
from mutegreen.store.migration.steps import STEPS
from mutegreen.store.store import Store
from support.paths import ROOT

STORES = ROOT / "tests" / "data" / "stores"
NAMES = sorted(file.stem for file in STORES.glob("*.sqlite"))
STAGES = ("_copy_store", "_convert_copy", "_check", "_copy_permissions", "_sync", "_keep_backup", "_swap", "_supersede")
"""The stages of a conversion, each a function of `swap`."""


@pytest.fixture(params=NAMES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store of an older schema, in a folder of its own."""
    return copied(request.param, tmp_path)


@pytest.fixture
def old2(tmp_path: Path) -> Path:
    """The store of schema 2."""
    return copied("schema2", tmp_path)


def copied(name: str, folder: Path) -> Path:
    (folder / "reports").mkdir()
    return Path(shutil.copy(STORES / f"{name}.sqlite", folder / "reports" / "mutegreen.sqlite"))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table as SQLite has them."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY rowid")]


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def layout(path: Path) -> dict[str, object]:
    """Columns, keys and references of all tables, in whatever words and order they were declared."""
    with closing(sqlite3.connect(path)) as db:
        strict = {row[1]: row[5] for row in db.execute("PRAGMA table_list")}
        return {
            name: (
                strict[name],
                sorted(row[1:] for row in db.execute(f"PRAGMA table_info({name})")),
                sorted(row[2:] for row in db.execute(f"PRAGMA foreign_key_list({name})")),
            )
            for name in tables(path)
        }


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def holds_the_same(path: Path, before: Path) -> None:
    """Every value of the old store, read with plain SQLite, is what today's store says."""
    with Store.open(path) as store:
        for audit in rows(before, "audit"):
            found = store.audit(str(audit["id"]))
            for name in (
                "subject",
                "folder",
                "digest",
                "goal",
                "tolerance",
                "created_at",
                "preflight_s",
                "finished_at",
            ):
                assert getattr(found, name) == audit[name], name
            for name in ("environment", "idle_w"):
                assert getattr(found, name) == json.loads(str(audit[name])), name
            assert list(found.notes) == json.loads(str(audit["notes"]))
            options = json.loads(str(audit["options"]))
            plan = json.loads(json.dumps(asdict(found.options.plan)))
            assert {key: plan[key] for key in options["plan"]} == options["plan"]
            assert found.options.jobs is None
            assert found.options.seeding is Seeding.OWN
            assert (found.data, found.also, found.backgrounds, found.peak_bytes) == (None, (), (), {})
            holds_the_same_trials(store, str(audit["id"]), before)


def holds_the_same_trials(store: Store, audit: str, before: Path) -> None:
    own = {
        table: [row for row in rows(before, table) if row["audit"] == audit] for table in ("mutant", "trial", "energy")
    }
    mutants = [record.mutant for record in store.mutants(audit)]
    assert [mutant.id for mutant in mutants] == [row["id"] for row in own["mutant"]], "the original comes first"
    if "hyperparameter" in own["mutant"][0]:  # schema 1
        was = [(row["operator"], row["hyperparameter"], row["value"], row["default_value"]) for row in own["mutant"]]
        now = [(m.operator, m.hyperparameter, json.dumps(m.value), json.dumps(m.default)) for m in mutants]
        assert now == was
    trials = store.trials(audit)
    assert len(trials) == len(own["trial"])
    for record, row in zip(trials, own["trial"], strict=True):
        assert (record.trial.number, record.trial.mutant, record.trial.seed) == (
            row["number"],
            row["mutant"],
            row["seed"],
        )
        assert (record.result is None) == (row["outcome"] is None)
        if record.result is not None:
            for name in ("outcome", "reason", "duration_s", "cpu_s", "peak_rss_bytes", "status", "performance"):
                assert getattr(record.result, name) == row[name], name
            energies = {d.domain: (d.energy_j, d.idle_w, d.meter) for d in record.result.measurement.domains}
            assert energies == {
                row["domain"]: (row["energy_j"], row["idle_w"], row["meter"])
                for row in own["energy"]
                if row["trial"] == record.trial.number
            }


def test_every_older_schema_has_a_step_and_a_real_store() -> None:
    assert list(STEPS) == list(range(1, schema.VERSION))
    assert {version(STORES / f"{name}.sqlite") for name in NAMES} == set(STEPS)


def test_reading_shows_what_was_there_and_writes_nothing(old: Path) -> None:
    before = files(old)
    holds_the_same(old, old)
    assert files(old) == before


def test_writing_converts_and_keeps_the_old_file(old: Path, tmp_path: Path) -> None:
    was, content = version(old), old.read_bytes()
    (original := tmp_path / "original.sqlite").write_bytes(content)
    with Store.create(old) as store:
        done = store.migration
    assert done == swap.Migration(was, schema.VERSION, old.with_name(f"mutegreen.sqlite.v{was}.bak"))
    assert sorted(files(old)) == ["mutegreen.sqlite", done.backup.name], "and nothing else is left over"
    for table in tables(original):
        assert rows(done.backup, table) == rows(original, table)
    holds_the_same(old, original)
    with Store.create(old) as again:
        assert again.migration is None


def test_a_converted_store_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    Store.create(old).close()
    Store.create(tmp_path / "new.sqlite").close()
    assert layout(old) == layout(tmp_path / "new.sqlite")


def test_the_export_has_the_values_of_the_old_store(old: Path) -> None:
    with Store.open(old) as store:
        audit = store.audits()[0]
        cells = records(store, audit)
    energies = {
        (row["trial"], row["domain"]): row["energy_j"] for row in rows(old, "energy") if row["audit"] == audit.id
    }
    ended = {row["number"]: row for row in rows(old, "trial") if row["audit"] == audit.id and row["outcome"] == "ok"}
    assert {cell["trial"] for cell in cells} == set(ended) != set()
    for cell in cells:
        row = ended[cell["trial"]]
        assert (cell["mutant"], cell["duration_s"], cell["performance"]) == (
            row["mutant"],
            row["duration_s"],
            row["performance"],
        )
        packages = [
            j for (trial, domain), j in energies.items() if trial == cell["trial"] and domain.startswith("cpu:")
        ]
        assert cell["package_j"] == sum(packages)


def test_values_keep_their_types(old: Path) -> None:
    with Store.open(old) as store:
        changes = [change for record in store.mutants(store.audits()[0].id) for change in record.mutant.changes]
    values = {change.hyperparameter: (change.value, change.default) for change in changes}
    assert values == {"epochs": (4, 8), "learning_rate": (0.25, 0.5), "start": ("naïve", "zero")}
    assert type(values["epochs"][0]) is int


def test_a_backup_that_is_there_is_never_written_over(old2: Path) -> None:
    other = old2.with_name("mutegreen.sqlite.v2.bak")
    other.write_text("someone's own")
    with Store.create(old2) as store:
        assert store.migration is not None
        assert store.migration.backup.name == "mutegreen.sqlite.v2-2.bak"
    assert other.read_text() == "someone's own"


def test_owner_and_permissions_stay(old2: Path) -> None:
    old2.chmod(0o640)
    Store.create(old2).close()
    assert {file.stat().st_mode & 0o777 for file in old2.parent.iterdir()} == {0o640}


def test_a_linked_store_is_converted_in_its_own_folder(old2: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(old2)
    Store.create(link).close()
    assert link.is_symlink()
    assert version(old2) == schema.VERSION


def test_another_programs_database_with_such_a_number_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (x)")
        db.execute("PRAGMA user_version = 2")
    before = path.read_bytes()
    for opening in (Store.open, Store.create):
        with pytest.raises(StoreError, match="not a store of MuteGreen"):
            opening(path)
    assert path.read_bytes() == before


# Kills

KILLED = """
import os, signal, sys
from pathlib import Path
from mutegreen.store.migration import swap
from mutegreen.store.store import Store

path, stage, moment = sys.argv[1:]
real = getattr(swap, stage)

def killed(*arguments):
    if moment == "after":
        real(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(swap, stage, killed)
Store.create(Path(path))
"""

AMID_A_STEP = """
import os, signal, sys
from pathlib import Path
from mutegreen.store.migration import steps
from mutegreen.store.store import Store

def killed(db):
    db.execute("DELETE FROM trial")
    os.kill(os.getpid(), signal.SIGKILL)

steps.STEPS[2] = killed
Store.create(Path(sys.argv[1]))
"""


def python(code: str, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=60)


def whole_and_convertible(path: Path, original: Path, expected: set[int]) -> None:
    assert version(path) in expected
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    holds_the_same(path, original)
    Store.create(path).close()
    assert version(path) == schema.VERSION
    holds_the_same(path, original)
    backup = path.with_name(f"{path.name}.v2.bak")
    assert rows(backup, "trial") == rows(original, "trial")
    assert sorted(file.name for file in path.parent.iterdir()) == [path.name, backup.name], (
        "no second backup, no litter"
    )


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_either_store_is_whole(old2: Path, stage: str, moment: str) -> None:
    assert python(KILLED, old2, stage, moment).returncode == -signal.SIGKILL
    swapped = (stage, moment) in {("_swap", "after"), ("_supersede", "before"), ("_supersede", "after")}
    whole_and_convertible(old2, STORES / "schema2.sqlite", {schema.VERSION if swapped else 2})


def test_killed_amid_a_step_the_old_store_is_whole(old2: Path) -> None:
    assert python(AMID_A_STEP, old2).returncode == -signal.SIGKILL
    whole_and_convertible(old2, STORES / "schema2.sqlite", {2})


# Several at once

ONE_OF_SEVERAL = """
import sys
from pathlib import Path
from mutegreen.store.store import Store

sys.stdin.readline()
with Store.create(Path(sys.argv[1])) as store:
    print(store.migration is not None, sum(len(store.trials(audit.id)) for audit in store.audits()))
"""


def test_of_several_at_once_one_converts_and_all_see_the_new_store(old2: Path) -> None:
    words = [sys.executable, "-c", ONE_OF_SEVERAL, str(old2)]
    ready = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in ready:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=60)[0].strip() for process in ready)
    assert said == ["False 14", "False 14", "False 14", "True 14"]
    whole_and_convertible(old2, STORES / "schema2.sqlite", {schema.VERSION})


@pytest.mark.parametrize("behind_a_link", [False, True])
def test_an_audit_that_an_older_mutegreen_runs_keeps_the_store_as_it_is(
    behind_a_link: bool, old2: Path, tmp_path: Path
) -> None:
    """The lock is in the folder of the name that the older program was given, which may be a symbolic link."""
    (running,) = (str(audit["id"]) for audit in rows(old2, "audit") if audit["finished_at"] is None)
    given = old2
    if behind_a_link:
        given = tmp_path / "linked" / "store.sqlite"
        given.parent.mkdir()
        given.symlink_to(old2)
    lock = Paths.of(given, running).lock
    lock.parent.mkdir(parents=True)
    before = old2.read_bytes()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=f"an older MuteGreen is running audit {running}") as caught:
            Store.create(given)
        assert "resume" in str(caught.value.hint)
        assert old2.read_bytes() == before
        assert [file.name for file in old2.parent.iterdir() if file.is_file()] == [old2.name]
    with Store.create(given) as store:
        assert store.migration is not None


def test_a_process_with_the_old_file_open_cannot_write_to_it(old2: Path) -> None:
    with closing(sqlite3.connect(old2, isolation_level=None)) as older:
        older.execute("SELECT count(*) FROM trial").fetchone()
        Store.create(old2).close()
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            older.execute("UPDATE trial SET outcome = 'ok'")
    assert not old2.with_name(f"{old2.name}-journal").exists()


def test_a_file_with_a_second_name_is_left_whole(old2: Path) -> None:
    second = old2.with_name("snapshot.sqlite")
    os.link(old2, second)
    Store.create(old2).close()
    assert second.read_bytes() == (STORES / "schema2.sqlite").read_bytes()


# Faults


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("DELETE FROM energy", "table energy has 20 rows, but 0 when converted"),
        ("DELETE FROM mutant WHERE id = 'original'; INSERT INTO mutant SELECT audit, id || 'x', changes, diff FROM "
         "mutant WHERE id = 'epochs=4'", "a foreign key without a row"),
    ],
)  # fmt: skip
def test_a_conversion_that_loses_something_is_not_put_in_place(
    old2: Path, monkeypatch: pytest.MonkeyPatch, step: str, why: str
) -> None:
    real = STEPS[2]

    def faulty(db: sqlite3.Connection) -> None:
        real(db)
        for statement in step.split(";"):
            db.execute(statement)

    monkeypatch.setitem(STEPS, 2, faulty)
    before = files(old2)
    with pytest.raises(StoreError, match=why) as caught:
        Store.create(old2)
    assert "it is unchanged" in caught.value.message
    assert files(old2) == before


CREATE = """
import sys; from pathlib import Path
from mutegreen.errors import StoreError
from mutegreen.store.store import Store
try:
    with getattr(Store, sys.argv[2])(Path(sys.argv[1])) as store:
        print(len(store.audits()))
except StoreError as error:
    print(error.message, "|", error.hint)
"""


def test_a_store_in_a_folder_that_cannot_be_written_is_read_and_not_converted(old2: Path) -> None:
    before = files(old2)
    old2.parent.chmod(0o555)
    try:
        words = [sys.executable, "-c", CREATE, str(old2)]
        if os.geteuid() == 0:
            if shutil.which("setpriv") is None:
                pytest.skip("root writes everywhere, and setpriv is not there to take that power away")
            words = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *words]
        said = [subprocess.run([*words, way], capture_output=True, text=True, timeout=60) for way in ("open", "create")]
    finally:
        old2.parent.chmod(0o755)
    assert said[0].stdout == "2\n", said[0].stderr
    assert "cannot be converted" in said[1].stdout, said[1].stderr
    assert "make the file and its folder writable" in said[1].stdout
    assert files(old2) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system, which only root may do")
def test_a_full_disk_is_reported_and_the_old_store_is_unchanged(old2: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    script = textwrap.dedent(
        """
        set -e
        mount -t tmpfs -o size=180k tmpfs "$1"
        cp "$2" "$1/mutegreen.sqlite"
        "$3" -c "$4" "$1/mutegreen.sqlite" create
        ls "$1"
        cmp "$2" "$1/mutegreen.sqlite" && echo same
        """
    )
    words = ["unshare", "--mount", "sh", "-c", script, "sh", str(small), str(old2), sys.executable, CREATE]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if "mount" in run.stderr or "unshare" in run.stderr:
        pytest.skip(f"no file system can be mounted here: {run.stderr.strip()}")
    message, *rest = run.stdout.splitlines()
    assert "cannot be converted" in message, run.stderr
    assert "free some space" in message
    assert rest == ["mutegreen.sqlite", "same"]


def refuse_to_sync_folders(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    real = swap._sync

    def refused(*files: Path) -> None:
        if any(file.is_dir() for file in files):
            raise OSError(number, os.strerror(number))
        real(*files)

    monkeypatch.setattr(swap, "_sync", refused)


def test_a_file_system_that_cannot_sync_folders_is_no_obstacle(old2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_to_sync_folders(monkeypatch, errno.EINVAL)
    with Store.create(old2) as store:
        assert store.migration is not None
    assert version(old2) == schema.VERSION


def test_a_disk_that_fails_before_the_swap_leaves_the_store_as_it_is(
    old2: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old2.read_bytes()
    refuse_to_sync_folders(monkeypatch, errno.EIO)
    with pytest.raises(StoreError, match="it is unchanged"):
        Store.create(old2)
    assert old2.read_bytes() == before
