"""Each command once as a user starts it: a process, whose status and output are those of a call in this process.

All other tests of commands that only read call them in this process (`support.commands.Run`); this is what allows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mutegreen.cli.main import COMMANDS
from support.commands import APART, Run
from support.limits import PROCESS_S
from support.tiny import command, environment

SITE = "train.py:--lr"
CALLS: dict[str, tuple[object, ...]] = {
    "init": ("points/train.py", "--force", "--json"),
    "scan": ("points/train.py", "--json"),
    "run": ("points", "--dry-run", "--json"),
    "stats": ("--json",),
    "plot": ("--kind", "pareto", "--json"),
    "show": (),
    "audits": ("--json",),
    "export": ("--format", "csv"),
    "mutate": ("points/train.py", "--site", SITE, "--value", "0.25"),
    "measure": ("--idle", "0", "--", "echo", "said"),
    "study": ("hyperparameters", "--subjects", "points", "--dry-run"),
    "doctor": ("--json",),
    "calibrate": ("--seconds", "1", "--meter", "estimate"),
    "operators": ("--json",),
    "subjects": ("--json",),
    "help": ("glossary",),
}
"""Words for one real call of each command, in a folder that holds an audit."""

STATUS = {"calibrate": 2}
"""The estimate cannot be fitted to itself; all others end well."""

WRONG: list[tuple[object, ...]] = [("frobnicate",), ("show", "nothing"), ("stats", "--margin", "2"), ("export", "none")]


def test_every_command_has_a_call() -> None:
    assert CALLS.keys() == COMMANDS.keys()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.usefixtures("audited")
def test_a_process_does_what_a_call_in_this_process_does(name: str, mutegreen: Run) -> None:
    done = mutegreen.process(name, *CALLS[name])
    assert done.returncode == STATUS.get(name, 0), done.stderr
    assert done.stdout or done.returncode
    assert "Traceback" not in done.stderr
    if name not in APART or "--dry-run" in CALLS[name]:
        same = mutegreen.inside(name, *CALLS[name])
        assert (same.returncode, same.stdout, same.stderr) == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", WRONG, ids=lambda words: " ".join(map(str, words)))
@pytest.mark.usefixtures("audited")
def test_wrong_arguments_give_the_same_error_in_both(words: tuple[object, ...], mutegreen: Run) -> None:
    done, same = mutegreen.process(*words), mutegreen.inside(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert (same.returncode, same.stdout, same.stderr) == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, mutegreen: Run) -> None:
    done = mutegreen(name, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_group_has_help_and_a_version(mutegreen: Run) -> None:
    helped = mutegreen.process("--help")
    assert helped.returncode == 0
    assert all(f"  {name} " in helped.stdout for name in COMMANDS)
    assert os.linesep in mutegreen.process("--version").stdout


@pytest.mark.usefixtures("audited")
def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    line = " ".join(command("export", "--format", "json"))
    words = ["sh", "-c", f"{line} | true"]
    done = subprocess.run(words, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PROCESS_S)
    assert done.stderr == ""


def test_results_go_to_stdout_and_messages_to_stderr(audited: dict[str, Any], tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        subprocess.run(command("stats"), cwd=tmp_path, env=environment(), stdout=out, stderr=err, check=True)
    assert "learning_rate" in (tmp_path / "out").read_text()
    assert "gpu energy is not measured" in (tmp_path / "err").read_text()


IN_ASCII = r"""
import os, sys
from mutegreen import units
from mutegreen.cli.main import _replace_unencodable_characters
_replace_unencodable_characters()
for out in (sys.stdout, sys.stderr):
    print(units.energy(4e-4), "\u2192", "\u65e5", os.fsdecode(b"\xff"), file=out)
"""


@pytest.mark.parametrize(
    "variables",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["asked for", "by the locale"],
)
def test_an_output_in_ascii_gets_replacement_characters(variables: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_ASCII], cwd=tmp_path, env=environment(**variables), capture_output=True
    )
    assert done.stdout == done.stderr == b"400 uJ -> \\u65e5 \xff\n"
