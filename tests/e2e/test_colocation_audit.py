"""Audits whose trials share the machine, from the command line: with a background load, or concurrent."""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mutegreen.harness.process.command import find_marked
from mutegreen.store.store import Store
from support.audits import Held, audit_of, rows, running, started
from support.commands import Run
from support.limits import PROCESS_S
from support.tiny import SUBJECT, TRAIN, command, environment, write_subject

SMALL = ("--mutants", "2", "--repetitions", "2", "--cooldown", "0")
SLOW = TRAIN.replace("default=0.0", "default=0.05")
BUSY = TRAIN.replace("time.sleep(args.pause)", "sum(range(2_000_000))")

quiet = pytest.mark.xdist_group("quiet")
"""Tests that interrupt audits, or that measure or burn in real time, follow one another in one worker."""


def exported(mutegreen: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(mutegreen("export", "--format", "json").stdout)
    return found


def store_of(tmp_path: Path) -> Path:
    return tmp_path / "reports/mutegreen.sqlite"


class TestConcurrentTrials:
    def test_every_trial_is_recorded_with_its_concurrent_trials(self, mutegreen: Run, tmp_path: Path) -> None:
        done = mutegreen("run", write_subject(tmp_path / "points", SLOW), *SMALL, "--jobs", "2", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["trials"]["ok"] == 10
        found = exported(mutegreen)
        others_of = {row["trial"]: set((row["beside"] or "").split(";")) - {""} for row in found}
        assert any(others_of.values())
        for trial, others in others_of.items():
            for other in others:
                assert f"trial {trial}" in others_of[int(other.removeprefix("trial "))], "each has the other"
        assert all(0 <= row["companions"] <= 1.2 for row in found), "two at a time: one concurrent trial at most"
        assert {row["background"] for row in found} == {None}

    def test_shares_add_up_to_the_energy_of_the_devices(self, mutegreen: Run, tmp_path: Path) -> None:
        done = mutegreen("run", write_subject(tmp_path / "points", BUSY), *SMALL, "--jobs", "3")
        assert done.returncode == 0, done.stderr
        with Store.open(store_of(tmp_path)) as store:
            audit = store.audit().id
            spans, trials = store.spans(audit), store.trials(audit)
        for domain in ("cpu:package-0", "dram:package-0"):
            exact_j = math.fsum(d.energy_j or 0 for s in spans for d in s.measurement.domains if d.domain == domain)
            shares_j = [
                d.energy_j for t in trials if t.result for d in t.result.measurement.domains if d.domain == domain
            ]
            preflight_j = spans[0].measurement.domains
            own_j = next(d.energy_j for d in preflight_j if d.domain == domain)
            assert own_j is not None
            assert math.fsum(j or 0 for j in shares_j) + own_j == pytest.approx(exact_j, rel=0.01)
            assert exact_j == pytest.approx(
                math.fsum(s.attributed_j[domain] + s.unattributed_j.get(domain, 0) for s in spans), rel=1e-6
            )

    def test_blocks_follow_one_another(self, mutegreen: Run, tmp_path: Path) -> None:
        mutegreen("run", write_subject(tmp_path / "points", SLOW), *SMALL, "--jobs", "2")
        began = sorted((row["started_at"], row["number"]) for row in rows(store_of(tmp_path)))
        numbers = [number for _, number in began]
        assert all(abs(number - place) <= 2 for place, number in enumerate(numbers, 1)), "in order, two at a time"

    def test_threads_are_shared_out(self, mutegreen: Run, tmp_path: Path) -> None:
        code = TRAIN + "import os\nprint('threads', os.environ.get('OMP_NUM_THREADS'), len(os.sched_getaffinity(0)))\n"
        mutegreen("run", write_subject(tmp_path / "points", code), *SMALL, "--jobs", "2")
        logs = next((tmp_path / "reports/audits").iterdir()) / "logs"
        cpus = max(1, len(os.sched_getaffinity(0)) // 2)
        for log in logs.glob("0*.log"):
            assert f"threads {cpus} {cpus}" in log.read_text()

    @quiet
    def test_ctrl_c_ends_all_and_resume_finishes(self, tmp_path: Path) -> None:
        """The trainings would take ten minutes."""
        held = Held(tmp_path, start=2, on=True)
        folder = write_subject(tmp_path / "points", held.script())
        with started(tmp_path, "run", folder, *SMALL, "--jobs", "3") as process:
            held.wait(3)
            assert len(find_marked(str(tmp_path))) >= 3
            assert running(tmp_path)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PROCESS_S)
        assert process.returncode == 130
        assert "--resume" in said
        assert find_marked(str(tmp_path)) == []
        found = rows(store_of(tmp_path))
        assert sum(row["outcome"] == "interrupted" for row in found) >= 1
        held.let_go()
        resumed = subprocess.run(
            command("run", "--resume", audit_of(store_of(tmp_path)), "--json"),
            cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PROCESS_S,
        )  # fmt: skip
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["trials"]["ok"] == 10

    def test_a_concurrent_trial_out_of_memory_is_repeated_exclusively(self, mutegreen: Run, tmp_path: Path) -> None:
        """The training says that memory is short whenever another of the audit runs: the real sign, on any machine."""
        lack = (
            "import os, psutil\n"
            "def others():\n"
            "    found = (p.info['environ'] or {} for p in psutil.process_iter(['environ']))\n"
            "    marks = [e.get('MUTEGREEN_TRIAL', '') for e in found]\n"
            "    own = os.environ['MUTEGREEN_TRIAL']\n"
            "    return [m for m in marks if m.startswith(own.rpartition('/')[0]) and m != own]\n"
            f"first, turns = {str(tmp_path / 'first')!r} + str(args.seed), 0\n"
            "while args.epochs == 6 and not os.path.exists(first) and not others() and turns < 3000:\n"
            "    turns += 1\n"
            "    time.sleep(0.01)\n"
            "if args.epochs == 6: open(first, 'w').close()\n"
            "if args.epochs == 6 and others(): raise MemoryError('too many here')\n"
        )
        train = TRAIN.replace("rng = random", lack + "rng = random", 1)
        done = mutegreen("run", write_subject(tmp_path / "points", train), *SMALL, "--jobs", "4", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["trials"]["ok"] == 10
        assert "this trial is repeated exclusively" in done.stderr
        logs = next((tmp_path / "reports/audits").iterdir()) / "logs"
        assert list(logs.glob("*.out-of-memory.log"))

    def test_jobs_auto_uses_at_most_as_many_slots_as_cpus(self, mutegreen: Run, tmp_path: Path) -> None:
        done = mutegreen("run", write_subject(tmp_path / "points", SLOW), *SMALL, "--jobs", "auto")
        assert done.returncode == 0, done.stderr
        assert max(row["companions"] for row in exported(mutegreen)) <= len(os.sched_getaffinity(0)) - 1 + 0.2


class TestBackground:
    def test_a_subject_as_background_load(self, mutegreen: Run, tmp_path: Path) -> None:
        other = write_subject(tmp_path / "other", SLOW, SUBJECT.replace("points", "other"))
        before = {p: p.read_bytes() for p in other.iterdir()}
        folder = write_subject(tmp_path / "points", SLOW)
        done = mutegreen("run", folder, *SMALL, "--background", other)
        assert done.returncode == 0, done.stderr
        found = exported(mutegreen)
        assert {row["background"] for row in found} == {"other"}
        assert {row["beside"] for row in found} == {"other"}
        assert all(row["companions"] == pytest.approx(1.0, abs=0.2) for row in found)
        assert all(row["share_package_j"] < row["package_j"] for row in found), "the whole, and the foreground's part"
        assert all(row["quality_package_j"] == "estimated" for row in found)
        assert all(row["background_slowdown"] > 0 for row in found)
        assert find_marked(str(tmp_path)) == []
        assert {p: p.read_bytes() for p in other.iterdir()} == before

    def test_it_is_past_its_warm_up_and_started_again_when_it_ends(self, mutegreen: Run, tmp_path: Path) -> None:
        """The foreground lasts until the background has been started twice more: it keeps a list of its starts."""
        ledger = tmp_path / "ledger"
        note = f"with open({str(ledger)!r}, 'a') as starts: starts.write('start\\n')\nrng = "
        brief = TRAIN.replace("rng = ", note, 1).replace("default=0.0", "default=0.1")
        other = write_subject(tmp_path / "other", brief, SUBJECT.replace("points", "other"))
        lines = f"len(open({str(ledger)!r}).readlines())"
        until = f"before, turns = {lines}, 0\nwhile {lines} < before + 2 and turns < 6000:\n    turns += 1\n"
        folder = write_subject(tmp_path / "points", TRAIN.replace("rng = ", f"{until}    time.sleep(0.01)\nrng = ", 1))
        one = ("--operators", "identity", "--repetitions", "1", "--cooldown", "0")
        done = mutegreen("run", folder, *one, "--background", other)
        assert done.returncode == 0, done.stderr
        found = exported(mutegreen)
        starts = ledger.read_text().count("start")
        restarts = sum(row["background_restarts"] for row in found)
        assert all(row["background_restarts"] >= 1 for row in found)
        assert starts >= 1 + 3 + restarts, "once exclusive; with the preflight and two trials; and after each end"

    def test_any_command_will_do(self, mutegreen: Run, tmp_path: Path) -> None:
        burn = f"{sys.executable} -c 'while True: pass'"
        folder = write_subject(tmp_path / "points", BUSY)
        one = ("--operators", "identity", "--repetitions", "1", "--cooldown", "0")
        done = mutegreen("run", folder, *one, "--background", burn, "--warm-up", "0.5")
        assert done.returncode == 0, done.stderr
        for row in exported(mutegreen):
            assert row["background"].startswith("python")
            assert row["background_slowdown"] is None, "it prints no epochs"
        assert find_marked(str(tmp_path)) == []

    def test_one_that_does_not_train_stops_before_anything_is_spent(self, mutegreen: Run, tmp_path: Path) -> None:
        other = write_subject(tmp_path / "other", "raise SystemExit('no data')", SUBJECT.replace("points", "other"))
        done = mutegreen("run", write_subject(tmp_path / "points"), *SMALL, "--background", other)
        assert done.returncode == 1
        assert "background load other fails in an exclusive run: failed: exit status 1: no data" in done.stderr
        assert "Traceback" not in done.stderr
        with closing(sqlite3.connect(store_of(tmp_path))) as db:
            assert db.execute("SELECT count(*) FROM audit").fetchone()[0] == 0

    @pytest.mark.slow
    def test_a_background_load_that_fails_stops_the_audit_and_resume_continues_it(
        self, mutegreen: Run, tmp_path: Path
    ) -> None:
        """Its fourth start fails while a file says so.

        It takes ten seconds: an audit and the rest of it, whose trainings all wait for a background that warms up.
        """
        broken, count = tmp_path / "broken", tmp_path / "count"
        broken.write_text("")
        fault = (
            f"import os\nopen({str(count)!r}, 'a').write('x')\n"
            f"broken = os.path.exists({str(broken)!r}) and os.path.getsize({str(count)!r}) > 3\n"
            "if broken: raise SystemExit('gone')\nrng = "
        )
        train = SLOW.replace("rng = ", fault, 1)
        other = write_subject(tmp_path / "other", train, SUBJECT.replace("points", "other"))
        done = mutegreen("run", write_subject(tmp_path / "points", SLOW), *SMALL, "--background", other)
        assert done.returncode == 1
        assert "background load other failed with status 1: gone" in done.stderr
        assert "To finish the audit:" in done.stderr
        broken.unlink()
        resumed = mutegreen("run", "--resume", audit_of(store_of(tmp_path)), "--json")
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["trials"]["ok"] == 10

    @quiet
    def test_a_killed_harness_leaves_nothing_that_resume_does_not_end(self, tmp_path: Path) -> None:
        other = write_subject(tmp_path / "other", SLOW, SUBJECT.replace("points", "other"))
        held = Held(tmp_path, start=2)
        folder = write_subject(tmp_path / "points", held.script())
        with started(tmp_path, "run", folder, *SMALL, "--background", other) as process:
            held.wait()
            assert running(tmp_path, "0001")
            process.kill()
            process.wait()
            left = find_marked(str(tmp_path))
            held.let_go()
            resumed = subprocess.run(
                command("run", "--resume", audit_of(store_of(tmp_path)), "--json"),
                cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PROCESS_S,
            )  # fmt: skip
        assert resumed.returncode == 0, resumed.stderr
        assert json.loads(resumed.stdout)["trials"]["ok"] == 10
        assert left, "the kill left the training or its background"
        assert find_marked(str(tmp_path)) == []


CHAOS = '''\
"""Crashes, hangs, forks, takes memory or ignores SIGTERM, as its seed and epochs say; else it trains."""
import argparse, os, random, signal, sys, time

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
rng = random.Random(f"{args.seed} {args.epochs} {args.lr}")

def first_of(kind):
    """Whether fewer than two trials have been of this kind, each of which lasts as long as the limit allows."""
    for number in range(2):
        try:
            open(os.path.join(os.environ["MARKS"], f"{kind}-{number}"), "x").close()
            return True
        except FileExistsError:
            pass
    return False

what = rng.choice(["train"] * 4 + ["crash", "segfault", "hang", "fork", "daemon", "memory", "deaf"])
if args.epochs == 8:
    what = rng.choice(["train", "fork", "daemon", "deaf, then trains"])
if what in ("hang", "deaf") and not first_of(what):
    what = "crash"
print("this one will", what, flush=True)
if what.startswith("deaf"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == "crash":
    raise ValueError("by chance")
if what == "segfault":
    os.kill(os.getpid(), signal.SIGSEGV)
if what in ("hang", "deaf"):
    while True:
        time.sleep(1)
if what in ("fork", "daemon") and os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if what == "daemon":
        os.setsid()
        if os.fork():
            os._exit(0)
    time.sleep(600)
if what == "memory":
    kept = bytearray(200 * 2**20)
    raise MemoryError("as if it were more")
time.sleep(0.05)
for epoch in range(args.epochs):
    print(f"epoch {epoch + 1} accuracy={rng.random():.4f}", flush=True)
'''


@quiet
@pytest.mark.slow
def test_a_hundred_trials_that_misbehave_are_all_accounted_for(mutegreen: Run, tmp_path: Path) -> None:
    folder = write_subject(tmp_path / "chaos", CHAOS, SUBJECT.replace("points", "chaos"))
    values = ("--values", "epochs=1,2,3,4,5", "--values", "learning_rate=0.1,0.2,0.3,0.4")
    words = ("run", folder, *values, "--repetitions", "10", "--jobs", "8", "--timeout", "10", "--json")
    done = mutegreen(*words, MARKS=str(tmp_path))
    trials = json.loads(done.stdout)["trials"]
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert sum(trials.values()) == 100
    assert trials["pending"] == trials["interrupted"] == 0
    assert min(trials["ok"], trials["failed"], trials["timeout"], trials["out_of_memory"]) > 0, "all kinds were there"
    logs = {p.stem: p.read_text() for p in (next((tmp_path / "reports/audits").iterdir()) / "logs").glob("[0-9]*.log")}
    expected = {
        "crash": "failed",
        "segfault": "failed",
        "hang": "timeout",
        "deaf": "timeout",
        "memory": "out_of_memory",
    }
    for row in rows(store_of(tmp_path)):
        text = logs[f"{row['number']:04d}"]
        what = text.split("this one will ")[1].splitlines()[0]
        assert row["outcome"] == expected.get(what, "ok"), f"{row['number']} {what}: {row['reason']}"
    assert find_marked(str(tmp_path)) == [], "nothing of it runs any more"
    with Store.open(store_of(tmp_path)) as store:
        record = store.audit()
        exact_j = math.fsum(d.energy_j or 0 for s in store.spans(record.id) for d in s.measurement.of("cpu"))
        attributed_j = math.fsum(s.attributed_j["cpu:package-0"] for s in store.spans(record.id))
    assert attributed_j == pytest.approx(exact_j, rel=0.01)
