"""The command `mutegreen`: imports a command when it is used, prints an error as one line and a remedy."""

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
    "init": ("scripts", "Write a subject.toml for a training script."),
    "scan": ("scripts", "Find the hyperparameters of a training script without running it."),
    "run": ("training", "Audit a subject: train the original and its mutants, and measure their energy."),
    "stats": ("results", "Analyse audits: which hyperparameters change energy, and a verdict on each mutant."),
    "plot": ("results", "Draw figures of audits: energy against values, win-tie-loss, Pareto front, power."),
    "show": ("results", "Show what a mutant changes, or how a trial ended."),
    "audits": ("results", "List the audits in the store."),
    "export": ("results", "Write the rows of an audit, one for each trial, as CSV, JSON or Parquet."),
    "mutate": ("scripts", "Print a training script with one hyperparameter changed."),
    "measure": ("machine", "Run any command and measure its energy."),
    "study": ("training", "Replicate the published study, and compare its tables with the published ones."),
    "doctor": ("machine", "Show which energy meters work on this machine, and how to enable the others."),
    "calibrate": ("machine", "Fit the power model of the meter `estimate` to this machine."),
    "operators": ("reference", "List the mutation operators."),
    "subjects": ("reference", "List the subjects that come with MuteGreen."),
    "help": ("reference", "Show a page of the documentation, or list the pages."),
}
"""Each command, in the order in which a user meets them: its folder in `mutegreen.cli.commands`, and its line in the
help. Its module there has its name."""

INTERRUPTED = 130

ASCII_REPLACEMENTS = {"\N{MICRO SIGN}": "u", "×": "x", "…": "...", "→": "->", "−": "-", "†": "+"}
"""Characters of MuteGreen, and what replaces them where the encoding of the output lacks them: `400 µJ` becomes
`400 uJ`."""


class LazyGroup(click.Group):
    """A group that imports the module of a command when the command is used; `mutegreen --help` imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        folder, _ = COMMANDS[cmd_name]
        command = import_module(f"mutegreen.cli.commands.{folder}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


FIRST_STEPS = """\b
First steps:
  mutegreen run mnist_cnn --preset smoke   audit a bundled subject
  mutegreen stats                          show its results
  mutegreen init path/to/train.py          prepare your own training script
  mutegreen help                           list the pages of the documentation"""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=FIRST_STEPS)
@click.version_option(__version__, prog_name="mutegreen")
def cli() -> None:
    """Find out which hyperparameters of a deep-learning training cost energy.

    MuteGreen changes one hyperparameter at a time (a mutant), as mutation testing changes a program. It trains the
    original and the mutants repeatedly, measures their energy, and tests the differences.
    """


# Guarantees:
#   - SIGTERM and SIGHUP raise `KeyboardInterrupt` in the main thread, as Ctrl-C does: the command ends its trainings,
#     keeps what was measured, and exits with `INTERRUPTED`. That holds even if the parent ignores SIGHUP (`nohup`).
# Relies on:
#   - The console script calls `main` once, in the main thread: Python sets and delivers signals nowhere else. The
#     handlers are those of the whole process and stay until it ends, so a library must not call `main`.
#   - A command that needs other handlers (`measure`) restores these when it ends.
#   - Children do not inherit the handlers: `exec` resets a signal that has a handler to its default action.
def main() -> None:
    """Run the command line and exit with its status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    _replace_unencodable_characters()
    sys.exit(_status())


def _replace_unencodable_characters() -> None:
    """Replace characters that the encoding of an output lacks; Python would raise an error."""
    codecs.register_error("mutegreen", _replacement)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mutegreen")


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace one character: by its entry in the table, by the byte of a file name, else by its escape sequence."""
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
        # The reader (head, less) closed the pipe. Without this, Python prints the error again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _print_error(message: str, hint: str | None) -> None:
    click.secho(f"Error: {message}", fg=None if os.environ.get("NO_COLOR") else "red", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
