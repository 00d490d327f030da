"""The command `mutegreen`: commands are loaded when they are used, errors are one line with a remedy."""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
from importlib import import_module

import click

from mutegreen import __version__
from mutegreen.errors import MuteGreenError

COMMANDS = {
    "init": ("scripts", "Write a subject.toml for a training script that nobody prepared."),
    "scan": ("scripts", "Find the hyperparameters of a training script, without running it."),
    "run": ("training", "Audit a training script: train the original and its mutants under energy meters."),
    "stats": ("results", "Say which hyperparameters move energy, and what each mutant does."),
    "plot": ("results", "Draw figures of an audit: energy against values, win-tie-loss, Pareto front, power."),
    "show": ("results", "Show what a mutant changes, or how a trial ended."),
    "audits": ("results", "List the audits of the store."),
    "export": ("results", "Write the trainings of an audit as CSV, JSON or Parquet."),
    "mutate": ("scripts", "Write a script with one of its hyperparameters changed."),
    "measure": ("machine", "Run any command under the energy meters."),
    "study": ("training", "Do the published study again, and show its tables beside the published ones."),
    "doctor": ("machine", "Say which energy meters work on this machine, and what would mend the others."),
    "calibrate": ("machine", "Fit the estimate's watts on a machine where a meter of hardware works."),
    "operators": ("reference", "List the mutation operators."),
    "subjects": ("reference", "List the training programs that come with MuteGreen."),
    "help": ("reference", "Show a page of the documentation, or list the pages."),
}
"""Each command, in the order in which a user meets them: its folder in `mutegreen.cli.commands`, and its line in the
help. Its module there has its name."""

INTERRUPTED = 130

ASCII_REPLACEMENTS = {"\N{MICRO SIGN}": "u", "×": "x", "…": "...", "−": "-", "†": "+"}
"""Signs of ours for an output whose encoding lacks them: `400 µJ` becomes `400 uJ`."""


class LazyGroup(click.Group):
    """Imports a command's module when the command is used: `--help` needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        folder, _ = COMMANDS[cmd_name]
        command = import_module(f"mutegreen.cli.commands.{folder}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their lines, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mutegreen")
def cli() -> None:
    """Audit the energy of deep-learning training the way mutation testing audits a test suite.

    First `mutegreen run SUBJECT`, then `mutegreen stats`.
    """


def main() -> None:
    """Runs the command line and exits with its status."""
    # A termination is an interrupt like Ctrl-C: what was measured is kept and the training is ended.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    _replace_unencodable_characters()
    sys.exit(_status())


def _replace_unencodable_characters() -> None:
    """An output in ASCII, say, gets other signs for those that it lacks; Python would end with an error."""
    codecs.register_error("mutegreen", _replacement)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mutegreen")


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for one character: a sign of ours, the byte of a name that is no text, else its number."""
    assert isinstance(error, UnicodeEncodeError)
    lacking, end = error.object[error.start], error.start + 1
    if "\udc80" <= lacking <= "\udcff":
        return bytes([ord(lacking) - 0xDC00]), end
    return ASCII_REPLACEMENTS.get(lacking) or lacking.encode("ascii", "backslashreplace").decode(), end


def _status() -> int:
    try:
        return int(cli.main(prog_name="mutegreen", standalone_mode=False) or 0)
    except MuteGreenError as error:
        _print_error(error.message, error.hint)
        return error.exit_status
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; Python must not complain about that once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _print_error(message: str, hint: str | None) -> None:
    click.secho(f"Error: {message}", fg=None if os.environ.get("NO_COLOR") else "red", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
