"""Audits from the command line: what they keep, how they stop, and how they go on."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mutegreen.harness.process.command import TERMINATE_GRACE_S, find_marked
from support.audits import MANY, SMALL, Held, audit_of, digest, rows, running, started, wait_for
from support.commands import Run
from support.limits import PROCESS_S
from support.tiny import SUBJECT, TRAIN, command, environment, write_subject

quiet = pytest.mark.xdist_group("quiet")
"""Tests that interrupt audits, or that measure or burn in real time, follow one another in one worker."""


def test_an_audit_keeps_every_trial_and_touches_no_file_of_the_user(
    small_audit: Path, audited: dict[str, Any], tmp_path: Path
) -> None:
    summary = audited
    assert summary["trials"]["ok"] == 10
    assert summary["store"] == "reports/mutegreen.sqlite"
    assert digest(small_audit / "points") == {"train.py": TRAIN.encode(), "subject.toml": SUBJECT.encode()}
    found = rows(tmp_path / summary["store"])
    assert Counter(row["block"] for row in found) == {0: 5, 1: 5}
    assert all(row["outcome"] == "ok" and row["duration_s"] > 0 and row["performance"] is not None for row in found)
    with closing(sqlite3.connect(tmp_path / summary["store"])) as db:
        energies = db.execute("SELECT DISTINCT domain, quality FROM energy WHERE energy_j > 0").fetchall()
        assert set(energies) == {("cpu:package-0", "estimated"), ("dram:package-0", "estimated")}
        assert db.execute("SELECT count(*) FROM epoch").fetchone()[0] > 10 * 5
    assert not (tmp_path / "reports" / "audits" / summary["audit"] / "work").exists()


def test_a_constant_of_the_source_is_mutated_and_applied(mutegreen: Run, tmp_path: Path) -> None:
    train = TRAIN.replace("args = parser", "LR = 0.5\nargs = parser").replace("args.lr *", "LR *")
    toml = SUBJECT.replace('flag = "--lr"', 'source = { file = "train.py", name = "LR" }')
    write_subject(tmp_path / "points", train, toml)
    done = mutegreen("run", "points", "--operators", "learning_rate", *SMALL)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path / "reports/mutegreen.sqlite")
    assert Counter(row["outcome"] for row in found) == {"ok": 6}


def test_the_log_has_a_time_for_each_line(audited: dict[str, Any], tmp_path: Path) -> None:
    log = (tmp_path / "reports" / "audits" / audited["audit"] / "logs" / "0001.log").read_text().splitlines()
    times = [float(line.split()[0]) for line in log]
    assert times == sorted(times)
    assert all(line.split()[1] == "out" for line in log)


def test_the_same_seed_plans_the_same_audit(subject: Path, mutegreen: Run) -> None:
    plans = [json.loads(mutegreen("run", subject, "--dry-run", "--json", "--seed", s).stdout) for s in (3, 3, 4)]
    assert plans[0] == plans[1] != plans[2]


@pytest.mark.usefixtures("audited")
def test_repetitions_differ_by_their_seed_and_mutants_of_a_block_share_it(tmp_path: Path) -> None:
    seeds = {(row["block"], row["seed"]) for row in rows(tmp_path / "reports/mutegreen.sqlite")}
    assert len(seeds) == 2


@pytest.mark.parametrize("case", ["exit", "no_performance", "nan", "missing_program", "unknown_flag"])
def test_a_preflight_that_fails_stops_before_anything_is_spent(case: str, mutegreen: Run, tmp_path: Path) -> None:
    train, toml = TRAIN, SUBJECT
    expected = {
        "exit": "exit status 1: ValueError: no data",
        "no_performance": "no performance was found",
        "nan": "the loss is nan",
        "missing_program": "command 'no-such-program' cannot be started",
        "unknown_flag": "unrecognized arguments: --rate 0.5",
    }[case]
    if case == "exit":
        train = "raise ValueError('no data')"
    elif case == "no_performance":
        toml = SUBJECT.replace("accuracy=", "f1=")
    elif case == "nan":
        train = TRAIN.replace("{loss:.4f}", "nan")
    elif case == "missing_program":
        toml = SUBJECT.replace("{python}", "no-such-program")
    elif case == "unknown_flag":
        toml = SUBJECT.replace("--lr", "--rate")
    done = mutegreen("run", write_subject(tmp_path / "points", train, toml), *SMALL, "--json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert expected in done.stderr
    assert "Traceback" not in done.stderr.replace("| Traceback", "")
    assert rows(tmp_path / "reports/mutegreen.sqlite") == []


def test_a_mutant_that_crashes_does_not_end_the_audit(mutegreen: Run, tmp_path: Path) -> None:
    crash = TRAIN.replace("rng = ", "assert args.lr < 1, 'too fast'\nrng = ")
    values = ("--values", "learning_rate=0.1,2", "--operators", "epochs", "--mutants", "1", "--repetitions", "2")
    done = mutegreen("run", write_subject(tmp_path / "points", crash), *values, "--cooldown", "0", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["trials"] | {"ok": 6, "failed": 2} == json.loads(done.stdout)["trials"]
    failed = [row for row in rows(tmp_path / "reports/mutegreen.sqlite") if row["outcome"] == "failed"]
    assert {row["mutant"] for row in failed} == {"learning_rate=2.0"}
    assert all("AssertionError: too fast" in row["reason"] for row in failed)


@pytest.mark.slow
def test_a_timeout_is_stored_and_the_audit_continues(mutegreen: Run, tmp_path: Path) -> None:
    """It takes ten seconds: all of a limit that no other training reaches, however busy the machine is."""
    slow = TRAIN.replace("rng = ", "time.sleep(600 if args.lr == 2 else 0)\nrng = ")
    values = ("--values", "learning_rate=2", "--operators", "epochs", "--mutants", "1", "--repetitions", "1")
    done = mutegreen(
        "run", write_subject(tmp_path / "points", slow), *values, "--cooldown", "0", "--timeout", "10", "--json"
    )
    assert json.loads(done.stdout)["trials"]["timeout"] == 1
    assert json.loads(done.stdout)["trials"]["ok"] == 2
    assert find_marked(str(tmp_path)) == []


@quiet
def test_ctrl_c_stops_soon_keeps_everything_and_names_the_command_to_continue(tmp_path: Path) -> None:
    """The training would take ten minutes; what it has to end itself is a second, and then it is killed."""
    held = Held(tmp_path, start=4)
    folder = write_subject(tmp_path / "points", held.script())
    store = tmp_path / "reports/mutegreen.sqlite"
    with started(tmp_path, "run", folder, *SMALL, "--json") as process:
        held.wait()
        assert running(tmp_path, number="0003")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PROCESS_S)
    assert process.returncode == 130
    assert TERMINATE_GRACE_S <= 1
    assert find_marked(str(tmp_path)) == []
    audit = audit_of(store)
    assert f"mutegreen run --resume {audit}" in err
    assert "Traceback" not in err
    assert json.loads(out)["trials"]["interrupted"] == 1
    held.let_go()
    resumed = subprocess.run(
        command("run", "--resume", audit, "--json"), cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["trials"]["ok"] == 10


@quiet
@pytest.mark.slow
def test_killed_at_any_moment_it_is_finished_by_resume(tmp_path: Path) -> None:
    """No finished trial is lost or repeated, an unfinished one is run again, no training is left running."""
    ledger = tmp_path / "ledger"
    train = TRAIN.replace("default=0.0", "default=0.03").replace(
        "rng = ", f"open({str(ledger)!r}, 'a').write('%s %s %s\\n' % (args.seed, args.epochs, args.lr))\nrng = "
    )
    folder = write_subject(tmp_path / "points", train)
    store = tmp_path / "reports/mutegreen.sqlite"
    rng = random.Random(5)
    words: tuple[object, ...] = ("run", folder, *MANY)
    kept: dict[int, dict[str, Any]] = {}
    kills = 0
    while True:
        with started(tmp_path, *words) as process:
            wait_for(lambda: running(tmp_path) or process.poll() is not None, "a trial that runs")
            time.sleep(rng.uniform(0, 0.6))
            if process.poll() is None:
                process.kill()
                process.wait()
                kills += 1
                orphans = find_marked(str(tmp_path))
                found = {row["number"]: row for row in rows(store) if row["outcome"]}
                assert kept == {n: row for n, row in found.items() if n in kept}, "a finished trial has changed"
                kept = found
                words = ("run", "--resume", audit_of(store))
                if kills < 6:
                    continue
            break
    finished = subprocess.run(
        command("run", "--resume", audit_of(store), "--json"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert kills >= 3
    assert [p for p in orphans if p.is_running() and p.status() != "zombie"] == [], "what the kill left was ended"
    after = rows(store)
    assert {row["outcome"] for row in after} == {"ok"}
    assert len(after) == 21
    assert kept == {row["number"]: row for row in after if row["number"] in kept}
    trained = len(ledger.read_text().splitlines())
    assert 22 <= trained <= 22 + 2 * (kills + 1), "one preflight, each trial once, and those cut short again"


def test_resume_of_a_complete_audit_does_nothing(audited: dict[str, Any], mutegreen: Run, tmp_path: Path) -> None:
    summary = audited
    before = rows(tmp_path / summary["store"])
    again = mutegreen("run", "--resume", summary["audit"], "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == summary
    assert rows(tmp_path / summary["store"]) == before


@quiet
def test_resume_trains_what_was_planned_though_the_user_has_changed_it_since(tmp_path: Path) -> None:
    held = Held(tmp_path, start=3)
    folder = write_subject(tmp_path / "points", held.script())
    with started(tmp_path, "run", folder, *SMALL) as process:
        held.wait()
        process.kill()
    held.let_go()
    (folder / "train.py").write_text("raise SystemExit('changed')")
    (folder / "subject.toml").write_text("changed")
    audit = audit_of(tmp_path / "reports/mutegreen.sqlite")
    done = subprocess.run(
        command("run", "--resume", audit), cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_one_audit_is_run_by_one_process(tmp_path: Path) -> None:
    held = Held(tmp_path, start=2)
    folder = write_subject(tmp_path / "points", held.script())
    with started(tmp_path, "run", folder, *SMALL):
        held.wait()
        audit = audit_of(tmp_path / "reports/mutegreen.sqlite")
        second = subprocess.run(
            command("run", "--resume", audit), cwd=tmp_path, env=environment(), capture_output=True, text=True
        )
        assert second.returncode == 2
        assert "is being run by another process" in second.stderr


def test_a_full_disk_stops_the_audit_with_a_clear_message_and_nothing_is_lost(tmp_path: Path) -> None:
    """A real file system of 400 kB in a private mount namespace, filled by the trainings' own output."""
    folder = write_subject(tmp_path / "points", TRAIN + "print('x' * 30_000)\n")
    script = (
        f"mount -t tmpfs -o size=400k tmpfs {tmp_path / 'small'} && cd {tmp_path} || exit 99\n"
        f"{' '.join(command('run', folder, *MANY, '--store', 'small/s.sqlite'))}\necho status $? >&2\n"
        f"{' '.join(command('audits', '--json', '--store', 'small/s.sqlite'))}\n"
        f"mount -o remount,size=20m small\n"
        f"audit=$(ls small/audits)\n"
        f"{' '.join(command('run', '--resume', '$audit', '--store', 'small/s.sqlite'))}\necho resumed $? >&2\n"
        f"{' '.join(command('audits', '--json', '--store', 'small/s.sqlite'))}\n"
    )
    (tmp_path / "small").mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("no unshare, so no private mount of a small file system")
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], env=environment(), capture_output=True, text=True, timeout=PROCESS_S
    )
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("this machine does not allow a private mount namespace")
    first, _, second = done.stderr.partition("status 2")
    assert second, done.stderr
    assert "No space left on device" in first or "full" in first
    assert "kept" in first or "nothing measured so far is lost" in first
    assert "Traceback" not in done.stderr
    before, after = (json.loads(line)[0]["trials"] for line in done.stdout.splitlines())
    assert before["ok"] >= 1
    assert before["pending"] >= 1
    assert "resumed 0" in second
    assert after == {"ok": 21}


def test_a_store_that_cannot_be_written_is_reported_before_any_training(
    subject: Path, mutegreen: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = mutegreen("run", subject, "--store", tmp_path / "file" / "s.sqlite")
    assert done.returncode == 2
    assert "its folder cannot be created" in done.stderr
    assert "--store FILE" in done.stderr


def test_a_reports_folder_inside_the_subject_is_no_part_of_it(subject: Path) -> None:
    for _ in range(2):
        done = subprocess.run(
            command("run", ".", *SMALL, "--json"), cwd=subject, env=environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    audits = sorted((subject / "reports" / "audits").iterdir())
    assert len(audits) == 2
    assert [p.name for p in (audits[1] / "subject").rglob("*") if p.is_file()] == ["subject.toml", "train.py"]


@quiet
def test_trials_with_other_load_are_flagged(mutegreen: Run, tmp_path: Path) -> None:
    """The load is this test's own: one process that computes all the while."""
    folder = write_subject(tmp_path / "points", TRAIN.replace("default=0.0", "default=0.1"))
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as burner:
        try:
            done = mutegreen("run", folder, "--operators", "identity", "--repetitions", "2", "--cooldown", "0")
        finally:
            burner.kill()
    assert "other programs kept the machine busy" in done.stderr
    exported = json.loads(mutegreen("export", "--format", "json").stdout)
    assert len(exported) == 4
    assert all("other_load" in row["flags"] for row in exported)


@quiet
def test_resume_measures_with_the_same_meters_and_refuses_another_subject(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("# quality=counter\ntime_s,gpu:GPU-1\n0,0\n600,60000\n")
    held = Held(tmp_path, start=3)
    folder = write_subject(tmp_path / "points", held.script())
    write_subject(tmp_path / "other")
    with started(tmp_path, "run", folder, *SMALL, "--meter", "replay:trace.csv") as process:
        held.wait()
        process.kill()
    held.let_go()
    audit = audit_of(tmp_path / "reports/mutegreen.sqlite")

    def resume(*words: object) -> subprocess.CompletedProcess[str]:
        line = command("run", *words, "--resume", audit)
        return subprocess.run(line, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PROCESS_S)

    wrong = resume(tmp_path / "other")
    assert wrong.returncode == 2
    assert f"belongs to the subject {folder}" in wrong.stderr
    assert resume(folder).returncode == 0
    with closing(sqlite3.connect(tmp_path / "reports/mutegreen.sqlite")) as db:
        assert db.execute("SELECT DISTINCT meter, domain FROM energy").fetchall() == [("replay", "gpu:GPU-1")]


@pytest.mark.parametrize(("cooldown", "times"), [("0.3", 2), ("0", 1)])
def test_idle_power_is_measured_again_between_blocks(
    cooldown: str, times: int, subject: Path, mutegreen: Run, tmp_path: Path
) -> None:
    """A trace whose power grows by a watt a second: what is idle later is more than what was idle first."""
    rows_of_trace = "".join(f"{t},{t * t / 2}\n" for t in range(601))
    (tmp_path / "trace.csv").write_text(f"# quality=counter\ntime_s,cpu:package-0\n{rows_of_trace}")
    words = ("--operators", "identity", "--repetitions", "2", "--cooldown", cooldown, "--meter", "replay:trace.csv")
    assert mutegreen("run", subject, *words).returncode == 0
    with closing(sqlite3.connect(tmp_path / "reports/mutegreen.sqlite")) as db:
        idle_w = [watts for (watts,) in db.execute("SELECT idle_w FROM energy ORDER BY trial")]
    assert len(set(idle_w)) == times
    assert idle_w == sorted(idle_w)
