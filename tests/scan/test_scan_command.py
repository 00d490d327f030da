"""`mutegreen scan`: its JSON, its table, and its errors for unreadable files."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mutegreen.cli.main import cli
from support.commands import Run
from support.paths import ROOT
from support.tiny import command, environment

SCRIPT = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-l", "--learning-rate", type=float, default=0.1, help="how far each step goes")
gamma = 0.9
optimizer = torch.optim.SGD(model.parameters(), lr=parser.parse_args().learning_rate, momentum=0.9, weight_decay=5e-4)
"""


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs MuteGreen as a process of its own, whatever `mutegreen` does."""
    return subprocess.run(command(*words), env=environment(), capture_output=True, text=True)


def test_json_has_the_keys_that_other_programs_read(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import torch\n" + SCRIPT)
    result = CliRunner().invoke(cli, ["scan", str(script), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["script"] == str(script)
    assert document["hyperparameters"][0] == {
        "name": "learning_rate",
        "kind": "learning_rate",
        "value": 0.1,
        "line": 4,
        "column": 65,
        "form": "argparse",
        "flag": "--learning-rate",
        "site": "train.py:--learning-rate",
        "file": "train.py",
    }
    assert [h["kind"] for h in document["hyperparameters"]] == ["learning_rate", "momentum", "weight_decay"]
    assert [h["flag"] for h in document["hyperparameters"]] == ["--learning-rate", None, None]
    (unsure,) = document["unsure"]
    assert (unsure["name"], unsure["why"]) == ("gamma", "a gamma that no schedule is seen to use")


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    script = tmp_path / "train.py"
    script.write_text("import torch\n" + SCRIPT)
    for option in ([], ["--sites"]):
        output = CliRunner().invoke(cli, ["scan", str(script), *option]).stdout
        assert max(map(len, output.splitlines())) <= width
        assert "learning_rate" in output
        assert "Uncertain" in output
    assert "optimizer=SGD(momentum)" in "".join(output.split())


def test_no_findings_are_reported_on_stderr(mutegreen: Run, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('hello')\n")
    done = mutegreen("scan", tmp_path / "train.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{tmp_path}/train.py: no hyperparameters found\n"


UNREADABLE = {
    "syntax error": (b"x = (\n", "line 1: not Python 3"),
    "python 2": (b"lr = 0.1\nprint 'hello'\n", "line 2: not Python 3"),
    "tabs and spaces": (b"if x:\n\ty = 1\n        z = 2\n", "line 3: not Python 3"),
    "binary": (b"\x7fELF\x00\x01\xff\xfe" * 50, "cannot be decoded"),
    "null bytes": (b"x = 1\0\n", "not Python"),
    "wrong encoding": (b"# coding: latin-99\n", "unknown encoding"),
    "too large": (b"x = 1\n" * 350_000, "over 1,000,000 bytes"),
}
DEEP = {
    "deep brackets": (b"x = " + b"(" * 5000 + b")" * 5000 + b"\n", "not Python 3"),
    "deep sums": (b"x = 1" + b" + 1" * 20_000 + b"\n", "nested too deeply"),
    "deep calls": (b"x = " + b"-" * 3000 + b"1\n", "nested too deeply"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_script_is_one_line_of_error(mutegreen: Run, tmp_path: Path, name: str) -> None:
    content, message = UNREADABLE[name]
    (tmp_path / "train.py").write_bytes(content)
    assert_refused(mutegreen("scan", tmp_path / "train.py"), message)


@pytest.mark.parametrize("name", DEEP)
def test_a_script_nested_too_deeply_is_one_line_of_error(tmp_path: Path, name: str) -> None:
    """In a process of its own, with the whole stack, which it could end."""
    content, message = DEEP[name]
    (tmp_path / "train.py").write_bytes(content)
    assert_refused(run("scan", tmp_path / "train.py"), message)


def assert_refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    error, *hints = done.stderr.splitlines()
    assert error.startswith("Error: ")
    assert "train.py" in error
    assert message in error
    assert len(hints) <= 1
    assert "Traceback" not in done.stderr


def test_a_folder_and_a_missing_file_are_one_line(mutegreen: Run, tmp_path: Path) -> None:
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "no.py", "No such file")):
        done = mutegreen("scan", path)
        assert done.returncode == 2
        assert message in done.stderr.splitlines()[0]


def test_nothing_of_the_script_runs(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("open('ran', 'w')\n")
    (tmp_path / "train.py").write_text("import helper\nopen('ran', 'w')\nlr = 0.1\n")
    assert run("scan", tmp_path / "train.py").returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"helper.py", "train.py"}


def test_the_scan_imports_no_framework() -> None:
    names = set()
    for file in (ROOT / "mutegreen" / "scan").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    assert not names & {"torch", "keras", "tensorflow", "jax", "runpy", "numpy"}
