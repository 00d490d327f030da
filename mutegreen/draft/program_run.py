"""Runs a drafted program once, in a copy of its folder and for a limited time, and returns its output."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mutegreen.draft.program.program import PYTHON
from mutegreen.draft.subject_draft import SubjectDraft
from mutegreen.errors import UsageError
from mutegreen.harness.observe.output import ESCAPE_CODES
from mutegreen.harness.opening import check_sites
from mutegreen.harness.process.command import Command, OutputLine, unbuffered_environment
from mutegreen.harness.process.workspace import snapshot
from mutegreen.model import Hyperparameter, Kind, Performance, Subject, Value
from mutegreen.mutation import site_values

_LAST_LINES = 5


@dataclass(frozen=True)
class ProgramRun:
    """The result of a test run.

    Attributes:
        output: The lines of both streams.
        status: Exit status; negative: the signal that ended it.
        timed_out: Whether the time limit ended it.
        duration_s: Its duration, seconds.
        whole: Whether it trained with the program's own number of epochs.
    """

    output: tuple[str, ...]
    status: int
    timed_out: bool
    duration_s: float
    whole: bool

    @property
    def fault(self) -> str | None:
        """The fault, with the last lines of the output; None: no fault, or only the time limit."""
        if self.status == 0 or self.timed_out:
            return None
        last = [line for line in self.output if line.strip()][-_LAST_LINES:]
        return f"ended with status {self.status}" + "".join(f"\n    {line}" for line in last)


def run_once(draft: SubjectDraft, timeout_s: float) -> ProgramRun:
    """Run the program once, with one epoch where that can be set, in a copy that is deleted afterwards.

    Raises:
        UsageError: The program cannot be started, or lacks an argument.
        MuteGreenError: Its folder cannot be copied.
    """
    unknown = [missing.placeholder for missing in draft.missing if not missing.option.suggested]
    if unknown:
        raise UsageError(
            f"a test run needs {', '.join(unknown)}",
            "give the program's own arguments after --",
        )
    values = _values(draft)
    with tempfile.TemporaryDirectory(prefix="mutegreen-init-") as scratch:
        folder = Path(scratch) / "copy"
        snapshot(_subject(draft), folder)
        site_values.write_files(folder, values)
        return _run(draft, folder, values, timeout_s)


def _values(draft: SubjectDraft) -> dict[Hyperparameter, Value]:
    """Return the default value of every hyperparameter, but one epoch."""
    hyperparameters = [entry.hyperparameter for entry in draft.active]
    return {h: 1 if h.kind is Kind.EPOCHS else h.default for h in hyperparameters}


def _subject(draft: SubjectDraft) -> Subject:
    subject = Subject(
        name="trial",
        folder=draft.program.folder,
        command=draft.command,
        hyperparameters=tuple(entry.hyperparameter for entry in draft.active),
        performance=Performance(pattern="(.)"),
        link=draft.workspace.link,
        exclude=draft.workspace.exclude,
    )
    check_sites(subject)
    return subject


def _run(draft: SubjectDraft, folder: Path, values: dict[Hyperparameter, Value], timeout_s: float) -> ProgramRun:
    words = [sys.executable if word == PYTHON else word for word in draft.command]
    words += site_values.arguments({h.site: value for h, value in values.items()})
    environment = unbuffered_environment(dict(draft.workspace.environment))
    output: list[str] = []

    def keep(line: OutputLine) -> None:
        output.append(ESCAPE_CODES.sub("", line.text))

    try:
        with Command(words, folder / draft.program.workdir, environment, f"init-{os.getpid()}") as command:
            ended = command.wait(keep, timeout_s)
    except OSError as error:
        raise UsageError(f"{words[0]} cannot be started: {error.strerror}", "check --launcher") from error
    whole = all(value == h.default for h, value in values.items())
    return ProgramRun(tuple(output), ended.status, ended.timed_out, ended.duration_s, whole)
