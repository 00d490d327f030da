"""`mutegreen init`: a `subject.toml` for a training script that nobody prepared."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.errors import UsageError

if TYPE_CHECKING:
    from mutegreen.draft.builder import TriedDraft
    from mutegreen.draft.subject_draft import SubjectDraft

_ARGUMENTS = "mutegreen.arguments"
_TRIAL_S = 120.0


class _ProgramArguments(click.Command):
    """Keeps what stands after `--` apart: these are arguments of the program, not of MuteGreen."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments before `--`."""
        own = args[: args.index("--")] if "--" in args else args
        ctx.meta[_ARGUMENTS] = args[len(own) + 1 :]
        return super().parse_args(ctx, own)


@click.command(
    "init", cls=_ProgramArguments, options_metavar="[OPTIONS]", epilog="Arguments of the program itself come after --."
)
@click.argument("script_or_folder", type=click.Path(path_type=Path), required=False)
@click.option("--script", type=click.Path(path_type=Path), metavar="FILE", help="The script in the folder that trains.")
@click.option("-m", "module", metavar="MODULE", help="A module, as `python -m` starts it in the folder.")
@click.option("--launcher", metavar="WORDS", help="What starts it instead of Python: 'torchrun --nproc_per_node=1'.")
@click.option("--try", "try_it", is_flag=True, help="Run it once, in a copy, to see what it prints.")
@click.option(
    "--timeout",
    type=common.SecondsType(0, min_open=True),
    default=_TRIAL_S,
    show_default=True,
    metavar="S",
    help="Longest time of that run, seconds.",
)
@click.option("--force", is_flag=True, help="Overwrite a subject.toml that exists.")
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    script_or_folder: Path | None,
    script: Path | None,
    module: str | None,
    launcher: str | None,
    try_it: bool,
    timeout: float,
    force: bool,
    as_json: bool,
) -> int:
    """Write a subject.toml for a training SCRIPT, a notebook, or the FOLDER of one, for you to look through.

    Nothing of the program is imported or run, unless --try asks for it. No file of yours is changed.
    """
    from mutegreen.draft import builder
    from mutegreen.draft.program.resolution import resolve_program

    chosen = resolve_program(script_or_folder, script, module, _ask_which if _is_terminal() else None)
    program = replace(chosen.program, launcher=tuple(shlex.split(launcher or "")))
    drafted = builder.build_draft(program, context.meta[_ARGUMENTS], chosen.notes, chosen.fixed)
    file = drafted.program.folder / "subject.toml"
    if not _may_write(file, force):
        common.messages().print(f"{file} is as it was", soft_wrap=True)
        return 1
    tried = None
    if try_it:
        common.messages().print(f"A trial run of at most {units.duration(timeout)} ...")
        tried = builder.try_draft(drafted, timeout)
        drafted = tried.draft
    _write(file, drafted)
    if as_json:
        common.write_json({"file": str(file)} | drafted.record())
    else:
        _summary(file, drafted)
    return _report_trial(tried) if tried is not None else 0


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _ask_which(scripts: Sequence[Path]) -> Path:
    click.echo("Which script trains?", err=True)
    for number, script in enumerate(scripts, 1):
        click.echo(f"  {number}  {script}", err=True)
    number = click.prompt("Number", type=click.IntRange(1, len(scripts)), default=1, err=True)
    return scripts[number - 1]


def _may_write(file: Path, force: bool) -> bool:
    """Whether the file may be written; the user is asked where there is one.

    Raises:
        UsageError: There is a file and nobody to ask, or the folder cannot be written to.
    """
    if not os.access(file.parent, os.W_OK):
        raise UsageError(f"{file.parent} cannot be written to", "copy the program to a folder of yours, and name that")
    if not file.exists() or force:
        return True
    if not _is_terminal():
        raise UsageError(f"{file} exists", "--force overwrites it")
    return click.confirm(f"{file} exists. Overwrite it?", default=False, err=True)


def _write(file: Path, drafted: SubjectDraft) -> None:
    """Writes the file once it is known to be a sound one.

    Raises:
        MuteGreenError: It cannot be written, or is not sound after all; what was there stays.
    """
    from mutegreen import config
    from mutegreen.draft import document
    from mutegreen.harness.opening import check_sites

    new = file.with_name(".subject.toml.new")
    try:
        new.write_text(document.text(drafted), encoding="utf-8")
        check_sites(config.load(new))
        new.replace(file)
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written: {error.strerror}", "copy the program to a folder of yours"
        ) from error
    finally:
        new.unlink(missing_ok=True)


def _summary(file: Path, drafted: SubjectDraft) -> None:
    console = common.results()
    folder = shlex.quote(os.path.relpath(file.parent))
    names = ", ".join(entry.hyperparameter.name for entry in drafted.active)
    unsure = f"; {len(drafted.for_review)} more for you to judge" if drafted.for_review else ""
    metric = drafted.metric
    console.print(f"{os.path.relpath(file)} is written", style="bold", soft_wrap=True)
    console.print(f"command: {' '.join(drafted.command)}", soft_wrap=True)
    console.print(f"hyperparameters: {names}{unsure}", soft_wrap=True)
    console.print(f"performance: {f'{metric.metric}, {metric.pattern}' if metric else 'not found'}", soft_wrap=True)
    for line in drafted.review():
        console.print(f"to look at: {line}", style="yellow", soft_wrap=True)
    console.print(f"Next: mutegreen run {folder} --dry-run", soft_wrap=True)


def _report_trial(tried: TriedDraft) -> int:
    """Says what the trial run showed; the status is 1 if it failed, or printed no figure of performance."""
    ran, readings = tried.run, tried.draft.readings
    console = common.messages()
    if ran.fault is not None:
        console.print(f"The trial run {ran.fault}", style="red", soft_wrap=True)
    elif readings is None:
        stopped = " before its time was up" if ran.timed_out else ""
        console.print(
            f"The trial run printed no figure of performance{stopped}; --timeout S gives it longer", style="yellow"
        )
    else:
        times = "once" if len(readings) == 1 else f"{len(readings)} times"
        console.print(f"The trial run printed the figure {times}, last {readings[-1]:g}")
    return 0 if ran.fault is None and readings else 1
