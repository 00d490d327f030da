"""Runs `mutegreen init`, `run`, `stats` and `show` on real programs, with the manual edits that each needs.

`python check.py CLONES [NAME ...]`: `CLONES` has a clone of each repository and the data of `make_data.py`. A program
whose clone or libraries are missing is skipped, with the reason. The clones are copied first and not changed.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from programs import PROGRAMS, UpstreamProgram

SHIMS = ("--compat", "cuda,checksums,weights")
SMALL = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", *SHIMS)


def main(clones: Path, names: Sequence[str]) -> int:
    """Check all programs, or those named; return 0 if none fails."""
    failed = []
    for program in PROGRAMS:
        if names and program.name not in names:
            continue
        print(f"== {program.name}", flush=True)
        reason = _missing(program, clones)
        if reason is not None:
            print(f"skipped: {reason}", flush=True)
        elif not _check(program, clones):
            failed.append(program.name)
    print(f"== failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _missing(program: UpstreamProgram, clones: Path) -> str | None:
    clone = clones / _clone(program)
    if not clone.is_dir():
        return f"{clone} is missing: clone https://github.com/{program.repository} at {program.commit[:7]}"
    absent = [name for name in program.needs if importlib.util.find_spec(name) is None]
    return f"not installed here: {', '.join(absent)}" if absent else None


def _clone(program: UpstreamProgram) -> str:
    return program.repository.rpartition("/")[2]


def _check(program: UpstreamProgram, clones: Path) -> bool:
    """Whether all commands exit with status 0."""
    with tempfile.TemporaryDirectory(prefix="upstream-") as scratch:
        copy = Path(scratch, _clone(program))
        shutil.copytree(clones / copy.name, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        folder, environment = copy / program.folder, _environment(program, clones)
        if _mutegreen(folder, environment, "init", *shlex.split(program.init.replace("{clones}", str(clones)))) != 0:
            return False
        _edit(program, folder / "subject.toml")
        store = ("--store", str(Path(scratch, "audits.sqlite")))
        audit = ("run", ".", "--operators", program.operators, *SMALL)
        commands = (audit, ("stats",), ("show",), ("show", "1"))
        return all(_mutegreen(folder, environment, *words, *store) == 0 for words in commands)


def _environment(program: UpstreamProgram, clones: Path) -> dict[str, str]:
    variables = {name: value.replace("{clones}", str(clones)) for name, value in program.variables.items()}
    return {**os.environ, "HF_HUB_OFFLINE": "1", **variables}


def _edit(program: UpstreamProgram, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for edit in program.edits:
        print(f"{'edit' if edit.old in text else 'not found'}: {edit.old!r} to {edit.new!r}", flush=True)
        text = text.replace(edit.old, edit.new)
    file.write_text(text, encoding="utf-8")


def _mutegreen(folder: Path, environment: Mapping[str, str], *words: str) -> int:
    print(f"$ mutegreen {shlex.join(words)}", flush=True)
    began = time.monotonic()
    status = subprocess.run([sys.executable, "-m", "mutegreen", *words], cwd=folder, env=environment).returncode
    print(f"status {status}, {time.monotonic() - began:.0f} s", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
