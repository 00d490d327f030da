"""The probe in real Python processes, and what is concluded from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from mutegreen.harness.observe.evidence import ProbeReport, evidence_of, probe_environment
from mutegreen.model import EnvSite, Evidence, FlagSite, Hyperparameter, Kind, SourceSite
from support.limits import EVENT_S
from support.tiny import environment

ARGPARSE = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--gamma', '-g', type=float, default=0.7)\n"
CLICK = (
    "import click\n@click.command()\n@click.option('--gamma', default=0.7)\n"
    "def main(gamma): print(gamma)\nif __name__ == '__main__': main()\n"
)
ABSL = (
    "from absl import app, flags\nflags.DEFINE_float('gamma', 0.7, 'decay')\n"
    "def main(_): print(flags.FLAGS.gamma)\nif __name__ == '__main__': app.run(main)\n"
)
GAMMA = Hyperparameter("gamma", Kind.GAMMA, 0.7, FlagSite("--gamma"))


def observe(folder: Path, hyperparameter: Hyperparameter, value: float, words: list[str], **variables: str) -> Evidence:
    out = folder / "probe.out"
    own = environment(**variables)
    subprocess.run(
        words, cwd=folder, env=own | probe_environment([hyperparameter], folder, out, own), check=True, timeout=EVENT_S
    )
    return evidence_of(hyperparameter, value, ProbeReport.read(out, folder), {})


def script(folder: Path, text: str, name: str = "train.py") -> str:
    (folder / name).write_text(text)
    return name


@pytest.mark.parametrize("text", [ARGPARSE + "print(p.parse_args())", CLICK, ABSL], ids=["argparse", "click", "absl"])
def test_a_parsers_value_is_seen(tmp_path: Path, text: str) -> None:
    if "absl" in text:
        pytest.importorskip("absl")
    name = script(tmp_path, text)
    given = observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma", "0.35"])
    assert (given.applied, given.own_default) == (True, False)
    dropped = observe(tmp_path, GAMMA, 0.35, [sys.executable, name])
    assert not dropped.applied
    assert "train.py got --gamma = 0.7 from its parser, not 0.35" in dropped.how


def test_a_default_that_equals_the_value_is_distinguished_from_a_flag_that_was_applied(tmp_path: Path) -> None:
    name = script(tmp_path, ARGPARSE + "p.parse_args()")
    assert observe(tmp_path, GAMMA, 0.7, [sys.executable, name]).own_default
    (tmp_path / "probe.out").unlink()
    assert not observe(tmp_path, GAMMA, 0.7, [sys.executable, name, "-g", "0.7"]).own_default


def test_a_parser_that_does_not_know_the_flag(tmp_path: Path) -> None:
    name = script(tmp_path, "import argparse\nargparse.ArgumentParser().parse_known_args()")
    found = observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma", "0.35"])
    assert not found.applied
    assert "does not know --gamma" in found.how


def test_a_wrapper_that_takes_the_flag_and_keeps_it(tmp_path: Path) -> None:
    script(tmp_path, "import argparse\nargparse.ArgumentParser().parse_args()", "inner.py")
    name = script(
        tmp_path, ARGPARSE + "p.parse_args()\nimport subprocess, sys\nsubprocess.run([sys.executable, 'inner.py'])"
    )
    assert not observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma", "0.35"]).applied


def test_a_library_started_by_the_training_proves_nothing_against_it(tmp_path: Path) -> None:
    helper = "import argparse; argparse.ArgumentParser().parse_args([])"
    name = script(
        tmp_path,
        ARGPARSE + f"p.parse_args()\nimport subprocess, sys\nsubprocess.run([sys.executable, '-c', {helper!r}])",
    )
    assert observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma", "0.35"]).applied


def test_sub_commands_have_parsers_of_their_own(tmp_path: Path) -> None:
    name = script(
        tmp_path,
        "import argparse\np = argparse.ArgumentParser()\nq = p.add_subparsers().add_parser('train')\n"
        "q.add_argument('--gamma', type=float)\np.parse_args()",
    )
    assert observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "train", "--gamma", "0.35"]).applied


def test_a_program_that_reads_its_arguments_by_hand(tmp_path: Path) -> None:
    name = script(tmp_path, "import sys")
    assert observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma", "0.35"]).applied
    (tmp_path / "probe.out").unlink()
    assert observe(tmp_path, GAMMA, 0.35, [sys.executable, name, "--gamma=0.35"]).applied
    (tmp_path / "probe.out").unlink()
    assert not observe(tmp_path, GAMMA, 0.35, [sys.executable, name]).applied


def test_a_program_that_cannot_be_observed(tmp_path: Path) -> None:
    found = observe(tmp_path, GAMMA, 0.35, ["true"])
    assert not found.applied
    assert "no Python process" in found.how
    assert not observe(tmp_path, GAMMA, 0.35, [sys.executable, "-I", "-c", "1"]).applied


def test_a_variable_as_the_training_saw_it(tmp_path: Path) -> None:
    threads = Hyperparameter("threads", Kind.THREADS, 2, EnvSite("OMP_NUM_THREADS"))
    assert observe(tmp_path, threads, 2, [sys.executable, "-c", "1"], OMP_NUM_THREADS="2").applied
    overridden = ["sh", "-c", f"OMP_NUM_THREADS=1 {sys.executable} -c 1"]
    found = observe(tmp_path, threads, 2, overridden, OMP_NUM_THREADS="2")
    assert not found.applied
    assert "OMP_NUM_THREADS was 1" in found.how


@pytest.mark.parametrize(
    ("words", "applied"),
    [(["train.py"], True), (["-c", "import model"], True), (["-m", "model"], True), (["-c", "1"], False)],
)
def test_a_source_file_that_was_read(tmp_path: Path, words: list[str], applied: bool) -> None:
    script(tmp_path, "LR = 1")
    script(tmp_path, "LR = 1", "model.py")
    name = "train.py" if "train.py" in words else "model.py"
    site = Hyperparameter("lr", Kind.LEARNING_RATE, 1, SourceSite(name, "LR"))
    assert observe(tmp_path, site, 1, [sys.executable, *words]).applied is applied


def test_the_users_own_sitecustomize_is_run_too(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "sitecustomize.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    observe(tmp_path, GAMMA, 0.7, [sys.executable, "-c", "1"], PYTHONPATH=str(tmp_path / "own"))
    assert (tmp_path / "ran").exists()


def test_a_probe_that_cannot_write_does_not_end_the_training(tmp_path: Path) -> None:
    name = script(tmp_path, ARGPARSE + "p.parse_args()\nopen('done', 'w')")
    own = environment()
    own |= probe_environment([GAMMA], tmp_path, tmp_path / "no" / "such" / "folder", own)
    subprocess.run([sys.executable, name], cwd=tmp_path, env=own, check=True, timeout=EVENT_S, capture_output=True)
    assert (tmp_path / "done").exists()


def test_a_line_cut_short_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "out").write_text('{"kind": "start", "pid": 1}\n{"kind": "par')
    assert len(ProbeReport.read(tmp_path / "out", tmp_path).events) == 1


@pytest.mark.parametrize(
    ("text", "applied", "how"),
    [
        ("lr = 0.5\n", True, "the mutated train.py was read, and lr was 0.5 at the end"),
        ("lr = 0.5\nexec(open('config.py').read())\n", False, "lr was 0.3 at the end, not 0.5"),
        ("lr = 0.5\nimport json\nglobals().update(json.loads('{\"lr\": 0.1}'))\n", False, "lr was 0.1 at the end"),
        ("lr = 0.5\nfor _ in range(3):\n    lr = lr * 0.9\n", True, "the mutated train.py was read by the training"),
        ("lr = 0.5\nlr = dict(lr=0.1).get('lr', lr)\n", False, "lr was 0.1 at the end, not 0.5"),
        ("lr = 0.5\nimport os\nos._exit(0)\n", True, "the mutated train.py was read by the training"),
        ("def train(lr=0.5):\n    return 2\nlr = train()\n", True, "the mutated train.py was read by the training"),
    ],
    ids=["plain", "exec", "globals", "decay", "set back", "no end", "a parameter"],
)
def test_a_constant_that_is_assigned_again_was_not_applied(tmp_path: Path, text: str, applied: bool, how: str) -> None:
    """The file as it is after its mutation: 0.1 became 0.5."""
    script(tmp_path, "lr = 0.3\n", "config.py")
    name = script(tmp_path, text)
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "0.5" in one)
    site = SourceSite("train.py", "lr", line)
    found = observe(tmp_path, Hyperparameter("lr", Kind.LEARNING_RATE, 0.1, site), 0.5, [sys.executable, name])
    assert found.applied is applied
    assert how in found.how
