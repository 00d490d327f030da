"""`mutegreen init`: write a `subject.toml` for a training script."""

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
    """A command that separates the words after `--`: they are arguments of the training program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words before `--`, and store the others in the context."""
        before = args[: args.index("--")] if "--" in args else args
        ctx.meta[_ARGUMENTS] = args[len(before) + 1 :]
        return super().parse_args(ctx, before)


_EXAMPLES = common.examples(
    "mutegreen init train.py                     write ./subject.toml",
    "mutegreen init train.py --try               also run the program once",
    "mutegreen init project --script src/fit.py  a script within a project",
    "mutegreen init train.py -- --data ./data    with arguments of the program",
)


@click.command("init", cls=_ProgramArguments, options_metavar="[OPTIONS]", epilog=_EXAMPLES)
@click.argument("script_or_folder", type=click.Path(path_type=Path), required=False)
@click.option("--script", type=click.Path(path_type=Path), metavar="FILE", help="Use this script of the folder.")
@click.option("-m", "module", metavar="MODULE", help="Use this module, as `python -m MODULE` starts it in the folder.")
@click.option(
    "--launcher",
    metavar="WORDS",
    help="Start the program with this command, such as 'torchrun --nproc_per_node=1'.  [default: Python]",
)
@click.option(
    "--try", "try_it", is_flag=True, help="Run the program once in a copy of the folder, to see which metric it prints."
)
@click.option(
    "--timeout",
    type=common.SecondsType(0, min_open=True),
    default=_TRIAL_S,
    show_default=True,
    metavar="S",
    help="With --try, stop the program after S seconds.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing subject.toml.")
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
    """Write a subject.toml for a training script, a notebook, or a folder that holds one.

    Review the file before an audit: it says what to check. Words after -- are arguments of the training program. The
    program is neither imported nor run, unless --try is given. No other file of yours is changed.
    """
    from mutegreen.draft import builder
    from mutegreen.draft.program.resolution import resolve_program

    chosen = resolve_program(script_or_folder, script, module, _ask_which if _is_terminal() else None)
    program = replace(chosen.program, launcher=tuple(shlex.split(launcher or "")))
    drafted = builder.build_draft(program, context.meta[_ARGUMENTS], chosen.notes, chosen.fixed)
    file = drafted.program.folder / "subject.toml"
    if not _may_write(file, force):
        common.messages().print(f"{file} is unchanged", soft_wrap=True)
        return 1
    tried = None
    if try_it:
        common.messages().print(f"A test run of at most {units.duration(timeout)} ...")
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
    """Return whether the file may be written; ask the user if it exists.

    Raises:
        UsageError: The file exists and there is no terminal to ask, or the folder is not writable.
    """
    if not os.access(file.parent, os.W_OK):
        raise UsageError(
            f"{file.parent}: no permission to write", "copy the program to a folder of yours, and use that"
        )
    if not file.exists() or force:
        return True
    if not _is_terminal():
        raise UsageError(f"{file} exists already", "add --force to overwrite it")
    return click.confirm(f"{file} exists. Overwrite it?", default=False, err=True)


def _write(file: Path, drafted: SubjectDraft) -> None:
    """Write the file under another name, check it, then rename it.

    Raises:
        MuteGreenError: It cannot be written, or has faults; an existing file is kept.
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
            f"{file}: cannot be written: {error.strerror}", "copy the program to a folder of yours, and use that"
        ) from error
    finally:
        new.unlink(missing_ok=True)


def _summary(file: Path, drafted: SubjectDraft) -> None:
    console = common.results()
    folder = shlex.quote(os.path.relpath(file.parent))
    names = ", ".join(entry.hyperparameter.name for entry in drafted.active)
    unsure = f"; {len(drafted.for_review)} more to decide on" if drafted.for_review else ""
    metric = drafted.metric
    console.print(f"{os.path.relpath(file)} was written", style="bold", soft_wrap=True)
    console.print(f"command: {' '.join(drafted.command)}", soft_wrap=True)
    console.print(f"hyperparameters: {names}{unsure}", soft_wrap=True)
    console.print(f"performance: {f'{metric.metric}, {metric.pattern}' if metric else 'not found'}", soft_wrap=True)
    for line in drafted.review():
        console.print(f"to check: {line}", style="yellow", soft_wrap=True)
    console.print(f"Next: mutegreen run {folder} --dry-run", soft_wrap=True)


def _report_trial(tried: TriedDraft) -> int:
    """Print the result of the test run; return 1 if it failed or printed no performance, else 0."""
    ran, readings = tried.run, tried.draft.readings
    console = common.messages()
    if ran.fault is not None:
        console.print(f"The test run {ran.fault}", style="red", soft_wrap=True)
    elif readings is None:
        stopped = " before its time was up" if ran.timed_out else ""
        console.print(f"The test run printed no performance{stopped}; --timeout S allows a longer run", style="yellow")
    else:
        times = "once" if len(readings) == 1 else f"{len(readings)} times"
        console.print(f"The test run printed the performance {times}, last {readings[-1]:g}")
    return 0 if ran.fault is None and readings else 1
