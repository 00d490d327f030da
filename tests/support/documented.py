"""The examples of docs/subject-toml.md as files, and audits of them from end to end through the command line."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import tomlkit

from mutegreen.model import TrialResult
from mutegreen.store.store import Store
from support.commands import Ended, Run
from support.paths import ROOT

DOCUMENT = (ROOT / "docs" / "subject-toml.md").read_text(encoding="utf-8")
FIRST = "A complete example"
ONCE = ("--repetitions", "1", "--cooldown", "0")

Files = dict[str, str]


def sections() -> dict[str, str]:
    """Return the text under each heading of the second and third level."""
    parts = re.split(r"^##+ (.*)$", DOCUMENT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def files(section: str) -> Files:
    """Return the files in a section, by name."""
    return dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)```$", sections()[section], re.DOTALL | re.MULTILINE))


def subject_files(section: str, other: Mapping[str, str] | None = None) -> Files:
    """Return the files of an example. Missing files come from the first example; `other` replaces or adds files."""
    changed = files(section) | dict(other or {})
    merged = tomllib.loads(files(FIRST)["subject.toml"]) | tomllib.loads(changed.get("subject.toml", ""))
    return files(FIRST) | changed | {"subject.toml": tomlkit.dumps(merged)}


@dataclass(frozen=True)
class DocumentedExample:
    """A subject to audit.

    Args:
        section: The section of the document with the example.
        options: The arguments of `mutegreen run`.
        other: Files that replace those of the document, or are added to them.
    """

    section: str
    options: Sequence[str] = ()
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditedFolder:
    """The result of an audit: the exit of the command, the folder before and after, the store."""

    folder: Path
    before: dict[str, bytes]
    status: int
    stdout: str
    stderr: str

    @property
    def after(self) -> dict[str, bytes]:
        """Return the files of the user's folder now."""
        return contents(self.folder)

    @property
    def store(self) -> Path:
        """Return the path of the store."""
        return self.folder.parent / "store" / "mutegreen.sqlite"

    @cached_property
    def outcomes(self) -> dict[str, int]:
        """Return the number of trials with each outcome that occurred, from `mutegreen run --json`."""
        assert self.stdout, self.stderr
        counts = json.loads(self.stdout)["trials"]
        return {outcome: count for outcome, count in counts.items() if count}

    @cached_property
    def results(self) -> dict[str, list[tuple[TrialResult, str]]]:
        """Return the results and outputs of each mutant's trials, in the order of the repetitions."""
        trials: dict[str, list[tuple[TrialResult, str]]] = {}
        with Store.open(self.store) as store:
            audit = store.audit()
            for record in store.trials(audit.id):
                log = self.store.parent / "audits" / audit.id / "logs" / f"{record.trial.number:04d}.log"
                assert record.result is not None
                trials.setdefault(record.trial.mutant, []).append((record.result, log.read_text()))
        return trials

    def mutegreen(self, *words: str) -> str:
        """Return the output of another command on this store."""
        ended = Run(self.folder).inside(*words, "--store", self.store)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


def run(folder: Path, *words: object) -> Ended:
    """Run the command line as a process, with this interpreter first on the path."""
    return Run(folder)(*words, PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def audit(example: DocumentedExample, folder: Path) -> AuditedFolder:
    """Audit an example in a separate folder."""
    subject = folder / "points"
    for name, text in subject_files(example.section, example.other).items():
        (subject / name).parent.mkdir(parents=True, exist_ok=True)
        (subject / name).write_text(text, encoding="utf-8")
    before = contents(subject)
    store = folder / "store" / "mutegreen.sqlite"
    ended = run(folder, "run", subject, *example.options, "--json", "--store", store)
    return AuditedFolder(subject, before, ended.returncode, ended.stdout, ended.stderr)


def audit_all(examples: Mapping[str, DocumentedExample], folder: Path) -> dict[str, AuditedFolder]:
    """Audit examples at the same time: a small audit spends much of its time on measuring the idle machine."""
    with ThreadPoolExecutor(4) as pool:
        folders = (folder / name for name in examples)
        return dict(zip(examples, pool.map(audit, examples.values(), folders), strict=True))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
