"""Define the errors that a user may see: one line with the subject and the fault, one line with the remedy.

The hierarchy, with the exit status where it is not 2:

    MuteGreenError
    |-- UsageError                      a wrong argument or option
    |-- ConfigError                     faults in a subject.toml
    |-- MutationError                   a value cannot be placed at its site
    |-- PreflightError                1 the original does not work
    |-- BackgroundError               1 a background load does not work
    |-- StoreError                      the store cannot be read or written
    |-- RowsError                       rows that cannot be analysed
    `-- MeterError                      a meter cannot return a value
        |-- MeterUnavailable              the hardware or library is missing
        |-- MeterPermissionError          it may not be read
        `-- MeterLost                     it stopped working

The command line shows only these without a traceback. Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class MuteGreenError(Exception):
    """An expected error.

    Args:
        message: The subject, and what is wrong with it.
        hint: What the user can do.

    Attributes:
        exit_status: Exit status of the command: 2 for wrong usage or input, 1 for a failed check.
    """

    exit_status = 2

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MuteGreenError):
    """A wrong argument or option on the command line."""


class ConfigError(MuteGreenError):
    """One or more faults in a `subject.toml`, all in one error.

    Args:
        file: The file.
        faults: One line for each fault.
        hint: What the user can do.
    """

    def __init__(self, file: str, faults: Sequence[str], hint: str | None = None) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{file}: {count}\n" + "\n".join(f"  {fault}" for fault in faults), hint)
        self.file = file
        self.faults = tuple(faults)


class MutationError(MuteGreenError):
    """A value cannot be placed at its site: the site is missing, ambiguous or not a literal."""


class PreflightError(MuteGreenError):
    """The original does not work in the preflight; no mutant was trained."""

    exit_status = 1


class BackgroundError(MuteGreenError):
    """A background load failed, so its trials would not be co-located."""

    exit_status = 1


class StoreError(MuteGreenError):
    """The store cannot be read or written."""


class RowsError(MuteGreenError):
    """Rows of measurements (of an audit or a CSV file) that cannot be analysed."""


class MeterError(MuteGreenError):
    """A meter cannot return a value; `hint` is the remedy."""

    @property
    def remedy(self) -> str | None:
        """How to make the meter work; None: not known."""
        return self.hint


class MeterUnavailable(MeterError):  # noqa: N818 - the usual name
    """The hardware or the library that the meter needs is missing."""


class MeterPermissionError(MeterError):
    """The meter exists, but may not be read."""


class MeterLost(MeterError):  # noqa: N818
    """The meter worked and stopped working: a lost device, or the end of a trace."""
