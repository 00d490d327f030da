"""The options of `run` by which trainings share the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mutegreen.errors import UsageError

if TYPE_CHECKING:
    from mutegreen.harness.opening import Sharing

AUTO = "auto"


def _jobs(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """The number of trainings at a time; 0 for `auto`, None where the option is not given."""
    if text is None or text == AUTO:
        return None if text is None else 0
    if not text.isdecimal() or int(text) == 0:
        raise click.BadParameter(f"{text} is neither a number from 1 nor {AUTO}", context, option)
    return int(text)


def jobs_option(function: Any) -> Any:
    """The option `--jobs N`."""
    return click.option(
        "--jobs",
        metavar="N|auto",
        callback=_jobs,
        help="Train N at a time on each GPU, or on the CPUs: a faster audit whose energies are shares. "
        "auto: as many as memory and CPUs allow.  [default: one, with the machine to itself]",
    )(function)


def background_option(function: Any) -> Any:
    """The option `--background OTHER`, which may be repeated."""
    return click.option(
        "--background",
        "backgrounds",
        multiple=True,
        metavar="OTHER",
        help="Keep another training running beside every trial: a subject, SUBJECT:PRESET, or a command in quotes "
        "(repeatable).",
    )(function)


def wait_option(function: Any) -> Any:
    """The option `--no-wait`."""
    return click.option(
        "--no-wait", is_flag=True, help="End at once if another audit measures on this machine, instead of waiting."
    )(function)


def sharing_from_options(jobs: int | None, backgrounds: tuple[str, ...], preset: str | None) -> Sharing:
    """How the trials share the machine.

    Raises:
        UsageError: Both at once, or a background that is neither subject nor command.
        ConfigError: A background subject with faults.
    """
    from mutegreen.harness.backgrounds import resolve
    from mutegreen.harness.opening import Sharing

    if jobs is not None and backgrounds:
        raise UsageError(
            "--jobs and --background answer two questions",
            "--background studies what company does to a training, --jobs makes an audit faster: choose one",
        )
    return Sharing(jobs, resolve(backgrounds, preset))
