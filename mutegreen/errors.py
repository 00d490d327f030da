"""The errors that a user may see: one line of what and where, one line of what to do.

Only these are shown without a traceback; any other exception is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class MuteGreenError(Exception):
    """An expected error.

    Args:
        message: What is wrong, and where.
        hint: What the user can do about it.

    Attributes:
        exit_status: Status with which a command ends on it: 2, wrong usage or input, or 1, a check failed.
    """

    exit_status = 2

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(MuteGreenError):
    """A wrong argument or option on the command line."""


class ConfigError(MuteGreenError):
    """One or more faults in a `subject.toml`, all reported at once."""

    def __init__(self, file: str, faults: Sequence[str], hint: str | None = None) -> None:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(f"{file}: {count}\n" + "\n".join(f"  {fault}" for fault in faults), hint)
        self.file = file
        self.faults = tuple(faults)


class MutationError(MuteGreenError):
    """A value cannot be placed at its site: the site is gone, ambiguous or not a literal."""


class PreflightError(MuteGreenError):
    """The original training does not work, so nothing was spent on mutants."""

    exit_status = 1


class BackgroundError(MuteGreenError):
    """A background cannot be kept running, so that the trials beside it would not be what they are called."""

    exit_status = 1


class StoreError(MuteGreenError):
    """The store cannot be read or written."""


class RowsError(MuteGreenError):
    """Rows of measurements (an audit's or a CSV file's) that cannot be used."""


class MeterError(MuteGreenError):
    """A meter cannot give a figure; `hint` is the remedy."""

    @property
    def remedy(self) -> str | None:
        """What would make the meter work, if anything is known."""
        return self.hint


class MeterUnavailable(MeterError):  # noqa: N818 - the field's name for it
    """The hardware or the library that this meter needs is not there."""


class MeterPermissionError(MeterError):
    """The meter is there but may not be read."""


class MeterLost(MeterError):  # noqa: N818
    """The meter worked and stopped working: a device lost, a trace at its end."""
