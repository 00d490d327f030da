"""The options of `run` that let trainings share the machine: `--jobs`, `--background`, `--no-wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mutegreen.errors import UsageError

if TYPE_CHECKING:
    from mutegreen.harness.opening import Sharing

AUTO = "auto"


def _jobs(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """Return the number of concurrent trials; 0 for `auto`, None where the option is missing."""
    if text is None or text == AUTO:
        return None if text is None else 0
    if not text.isdecimal() or int(text) == 0:
        raise click.BadParameter(f"{text} is neither a whole number of at least 1 nor {AUTO}.", context, option)
    return int(text)


def jobs_option(function: Any) -> Any:
    """Add the option `--jobs N`."""
    return click.option(
        "--jobs",
        metavar="N|auto",
        callback=_jobs,
        help="Run N concurrent trials on each GPU, or on the CPUs if there is none. This makes an audit faster; the "
        "energy of a shared device is then attributed to the trials. auto: as many as memory and CPUs allow.  "
        "[default: 1, each trial has the machine to itself]",
    )(function)


def background_option(function: Any) -> Any:
    """Add the option `--background OTHER`, which may be repeated."""
    return click.option(
        "--background",
        "backgrounds",
        multiple=True,
        metavar="OTHER",
        help="Run another training during every trial, as a background load: a subject, SUBJECT:PRESET, or a command "
        "in quotes (repeatable).  [default: none]",
    )(function)


def wait_option(function: Any) -> Any:
    """Add the option `--no-wait`."""
    return click.option(
        "--no-wait",
        is_flag=True,
        help="Do not wait for another audit that measures on this machine: end at once with an error.",
    )(function)


def sharing_from_options(jobs: int | None, backgrounds: tuple[str, ...], preset: str | None) -> Sharing:
    """Return how the trials share the machine.

    Raises:
        UsageError: Both options are given, or a background load is neither a subject nor a command.
        ConfigError: The subject.toml of a background load has faults.
    """
    from mutegreen.harness.backgrounds import resolve
    from mutegreen.harness.opening import Sharing

    if jobs is not None and backgrounds:
        raise UsageError(
            "--jobs and --background cannot be combined",
            "use --background to measure with a background load, or --jobs to make an audit faster",
        )
    return Sharing(jobs, resolve(backgrounds, preset))
