"""Run bundled subjects as separate processes: their scripts, and real audits with their preset smoke.

All train on one thread: several would only wait for each other if other programs use the cores.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from mutegreen.cli.main import cli
from support.limits import PROCESS_S
from support.paths import SUBJECTS
from support.tiny import command, environment

runs_apart = pytest.mark.xdist_group("apart")
"""Mark of a long test that shares nothing with its module: pytest-xdist may run it in another worker.

Marks of a test and of its module join to the name of a group of its own.
"""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def script(name: str) -> Path:
    """Return the path of a subject's training script."""
    return SUBJECTS / name / "train.py"


def load_script(name: str) -> ModuleType:
    """Return a subject's training script as a module."""
    spec = importlib.util.spec_from_file_location(f"{name}_train", script(name))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread during the test: a process with several may not be forked later."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def variables(**others: str) -> dict[str, str]:
    """Return the environment of a training: one thread, and no variables that another test set for Keras."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KERAS", "TF_"))}
    return clean | ONE_THREAD | others


def run_script(name: str, folder: Path, *arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Train on the CPU in a folder with a subject's script, as a user does."""
    words = [sys.executable, str(script(name)), "--device", "cpu", *arguments]
    return subprocess.run(words, cwd=folder, env=variables(**others), capture_output=True, text=True, timeout=PROCESS_S)


@dataclass(frozen=True)
class SmokeAudit:
    """A real audit with the preset smoke; all its trials ended `ok`.

    Attributes:
        rows: Its exported rows, by mutant.
        outputs: Output of each trial, by mutant.
        messages: Standard error of the audit.
    """

    rows: dict[str, dict[str, Any]]
    outputs: dict[str, str]
    messages: str

    def performance(self, mutant: str = "original") -> float:
        """Return the performance of a mutant's only trial."""
        return float(self.rows[mutant]["performance"])


def audited(folder: Path, name: str, *values: str) -> SmokeAudit:
    """Audit the original and the mutants with these values, `gamma=1.94` or `epochs=1,24`, one trial each.

    The preflight is one more training.
    """
    options = [word for value in values for word in ("--values", value)]
    only = ["--operators", ",".join(value.split("=")[0] for value in values)]
    sizes = ["--repetitions", "1", "--cooldown", "0", "--meter", "estimate"]
    words, env = command("run", name, "--preset", "smoke", *only, *options, *sizes), environment(**ONE_THREAD)
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, timeout=PROCESS_S)
    assert done.returncode == 0, done.stderr
    store = folder / "reports" / "mutegreen.sqlite"
    exported = CliRunner().invoke(cli, ["export", "--store", str(store), "--format", "json"])
    rows = {row["mutant"]: row for row in json.loads(exported.stdout)}
    assert len(rows) == 1 + sum(1 + value.count(",") for value in values), "each mutant is trained once"
    return SmokeAudit(rows, {mutant: _output(folder, row) for mutant, row in rows.items()}, done.stderr)


def _output(folder: Path, row: dict[str, Any]) -> str:
    """Return the log without the time and the stream at the beginning of each line."""
    (log,) = (folder / "reports" / "audits").glob(f"*/logs/{row['trial']:04}.log")
    return re.sub(r"^ *\d+\.\d{3} \S+ ", "", log.read_text(encoding="utf-8"), flags=re.MULTILINE)
