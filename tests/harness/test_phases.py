"""Phases: joules of epochs and windows, against power whose integral is known."""

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from mutegreen import window
from mutegreen.harness.observe.phases import cut, read_windows
from mutegreen.model import EPOCH, FIRST_EPOCH, Epoch
from mutegreen.stats.advice.phases import summarise
from mutegreen.store.timelines import pack, unpack
from support.commands import Run
from support.paths import ROOT
from support.tiny import TRAIN, environment, write_subject
from support.windows import mark_windows

PHASES = (EPOCH, FIRST_EPOCH, "pause")
SQUARE = tuple((0.5 * n, 100.0 if n % 4 else 300.0) for n in range(1, 41))
"""20 s in steps of half a second: 300 W in every fourth step, else 100 W."""


def truth_j(begin_s: float, end_s: float) -> float:
    """The integral of the square wave by brute force, in steps of a millisecond."""
    moments = range(round(begin_s * 1000), round(end_s * 1000))
    return sum(300.0 if (m // 500) % 4 == 3 else 100.0 for m in moments) / 1000


@pytest.mark.parametrize(("begin_s", "end_s"), [(0, 20), (1.75, 2.0), (0.3, 0.4), (1.2, 17.9), (5, 5)])
def test_a_window_has_the_integral_of_its_power(begin_s: float, end_s: float) -> None:
    (phase,) = cut({"gpu:0": SQUARE}, [], [("w", begin_s, end_s)])
    assert phase.energy_j["gpu:0"] == pytest.approx(truth_j(begin_s, end_s), abs=0.5)


def test_epochs_share_out_the_energy_until_the_last_of_them() -> None:
    epochs = [Epoch(0.5, 3.3), Epoch(0.6, 7.1), Epoch(0.7, 19.0)]
    phases = cut({"gpu:0": SQUARE, "cpu:package-0": ((20.0, 10.0),)}, epochs, [])
    assert [p.name for p in phases] == [FIRST_EPOCH, EPOCH, EPOCH]
    assert sum(p.energy_j["gpu:0"] for p in phases) == pytest.approx(truth_j(0, 19), abs=0.5)
    assert [p.energy_j["cpu:package-0"] for p in phases] == pytest.approx([33.0, 38.0, 119.0])


def test_what_was_not_measured_has_no_joules() -> None:
    (phase,) = cut({"gpu:0": ()}, [], [("w", 0, 1)])
    assert phase.energy_j == {}
    assert cut({"gpu:0": SQUARE}, [Epoch(0.5, None)], []) == ()


def test_power_past_the_last_sample_is_not_invented() -> None:
    (phase,) = cut({"gpu:0": SQUARE}, [], [("w", 19.0, 25.0)])
    assert phase.energy_j["gpu:0"] == pytest.approx(truth_j(19, 20))


def test_windows_nest_repeat_and_may_never_close(tmp_path: Path) -> None:
    file = tmp_path / "w"
    lines = [[1, 0, "train", 10], [1, 1, "load", 11], [1, 1, "load", 12], [2, 0, "train", 12], [2, 0, "train", 13]]
    lines += [[1, 0, "train", 14], [1, 2, "eval", 15]]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '[1, 3, "cut')
    assert read_windows(file, 10.0, 6.0) == [
        ("train", 0, 4),
        ("load", 1, 2),
        ("train", 2, 3),
        ("eval", 5, 6.0),
    ]


def test_a_window_notes_its_edges_and_lets_errors_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTEGREEN_WINDOWS", str(tmp_path / "w"))
    with pytest.raises(ZeroDivisionError), window("bad"):
        1 / 0  # noqa: B018
    edges = [json.loads(line) for line in (tmp_path / "w").read_text().splitlines()]
    assert [edge[2] for edge in edges] == ["bad", "bad"]
    assert edges[0][:2] == edges[1][:2]
    assert edges[0][3] <= edges[1][3]


def test_a_window_that_cannot_be_noted_does_not_end_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTEGREEN_WINDOWS", "/no/such/folder/w")
    with window("train"):
        pass


def test_without_the_harness_a_window_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUTEGREEN_WINDOWS", raising=False)
    monkeypatch.chdir(tmp_path)
    with window("train"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_processes_do_not_mix_their_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTEGREEN_WINDOWS", str(tmp_path / "w"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(mark_windows, range(2))
    assert len(read_windows(tmp_path / "w", 0.0, 1e12)) == 100


def test_timelines_are_small_and_keep_seven_digits() -> None:
    steps = tuple((0.1 * n, 100 + 50 * (n % 7)) for n in range(1, 4001))
    data = pack(steps)
    assert len(data) < 16_000
    for (time_s, power_w), (time_again_s, power_again_w) in zip(steps, unpack(data), strict=True):
        assert time_again_s == pytest.approx(time_s, rel=1e-6)
        assert power_again_w == pytest.approx(power_w, rel=1e-6)
    assert unpack(pack(())) == ()


def test_summaries_are_means_of_one_occurrence() -> None:
    def record(trial: int, occurrences: int, gpu_j: float | None) -> dict[str, object]:
        return {
            "mutant": "original",
            "phase": "epoch",
            "trial": trial,
            "occurrences": occurrences,
            "duration_s": 2.0 * occurrences,
            "package_j": 10.0,
            "dram_j": None,
            "gpu_j": gpu_j,
        }

    (summary,) = summarise([record(1, 2, 100.0), record(2, 5, 300.0)])
    assert (summary.n, summary.occurrences) == (2, 3.5)
    assert summary.mean == {"package_j": 3.5, "dram_j": None, "gpu_j": 55.0, "duration_s": 2.0}
    assert summary.sd["gpu_j"] == pytest.approx(50**0.5)
    (partly,) = summarise([record(1, 2, 100.0), record(2, 5, None)])
    assert partly.mean["gpu_j"] is None
    assert summarise([]) == []


def test_from_a_script_to_joules_for_each_epoch(mutegreen: Run, tmp_path: Path) -> None:
    """A replayed trace of 100 W: an epoch of t seconds has 100 t joules."""
    (tmp_path / "trace.csv").write_text("# quality=counter\ntime_s,gpu:GPU-1\n0,0\n600,60000\n")
    marked = "from mutegreen import window\n" + TRAIN.replace("default=0.0", "default=0.05").replace(
        "    time.sleep(args.pause)", "    with window('pause'): time.sleep(args.pause)"
    )
    folder = write_subject(tmp_path / "points", marked)
    root = str(ROOT)
    words = ("--values", "epochs=4", "--operators", "identity", "--repetitions", "2", "--cooldown", "0")
    done = mutegreen("run", folder, *words, "--meter", "replay:trace.csv", PYTHONPATH=root)
    assert done.returncode == 0, done.stderr
    found = json.loads(mutegreen("stats", "--json").stdout)["phases"]
    by = {(row["mutant"], row["phase"]): row for row in found}
    for name, occurrences in (("original", 7), ("epochs=4", 3)):
        assert by[name, EPOCH]["occurrences"] == occurrences
        for phase in PHASES:
            mean = by[name, phase]["mean"]
            assert mean["gpu_j"] == pytest.approx(100 * mean["duration_s"], rel=0.01)
            assert mean["package_j"] is None
        assert by[name, "pause"]["mean"]["duration_s"] >= 0.05
        total_s = {phase: by[name, phase]["occurrences"] * by[name, phase]["mean"]["duration_s"] for phase in PHASES}
        assert total_s["pause"] <= (total_s[FIRST_EPOCH] + total_s[EPOCH]) * (1 + 1e-6), "each lies in an epoch"
    assert "pause" in mutegreen("stats", "--phases").stdout


def test_importing_window_needs_nothing_else() -> None:
    code = "import sys; from mutegreen import window; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert not {"numpy", "click", "rich", "psutil"} & set(done.stdout.split())
