"""Reads the arguments of a command line, and makes placeholders for those that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mutegreen.draft.options.declarations import DeclaredOption
from mutegreen.model import Value


@dataclass(frozen=True)
class GivenArgument:
    """One argument of a command line.

    Attributes:
        words: Its words, as typed.
        option: Its option; None: it has none.
        value: Its value; None: it has none.
    """

    words: tuple[str, ...]
    option: DeclaredOption | None = None
    value: str | None = None


@dataclass(frozen=True)
class MissingArgument:
    """An argument that the program requires and the command line lacks."""

    option: DeclaredOption

    @property
    def placeholder(self) -> str:
        """The word in the command that the user must replace."""
        return self.option.suggested or f"<{self.option.name}>"

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the command gets."""
        return (self.option.flag, self.placeholder) if self.option.flag else (self.placeholder,)

    @property
    def text(self) -> str:
        """The note for the user."""
        if self.option.suggested:
            return f"{self.placeholder} was chosen from the sub-commands {', '.join(self.option.choices)}"
        details = [self.option.help, f"one of {', '.join(self.option.choices)}" if self.option.choices else ""]
        return ": ".join([f"{self.placeholder} must be filled in", *filter(None, details)])


def parse_arguments(words: Sequence[str], declared: Sequence[DeclaredOption]) -> list[GivenArgument]:
    """Return the arguments in a command line, each with its option."""
    by_flag = {flag: option for option in declared for flag in option.flags}
    return list(_parsed(words, by_flag))


def _parsed(words: Sequence[str], by_flag: dict[str, DeclaredOption]) -> Iterator[GivenArgument]:
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or _is_number(word):
            yield GivenArgument((word,), value=word)
            continue
        flag, joined, value = word.partition("=")
        option = by_flag.get(flag)
        if joined or not _takes_next(option, waiting):
            yield GivenArgument((word,), option or DeclaredOption(flag.lstrip("-"), (flag,)), value if joined else None)
        else:
            yield GivenArgument((word, waiting[0]), option or DeclaredOption(flag.lstrip("-"), (flag,)), waiting.pop(0))


def _takes_next(option: DeclaredOption | None, waiting: Sequence[str]) -> bool:
    follows = bool(waiting) and (not waiting[0].startswith("-") or _is_number(waiting[0]))
    return follows and (option is None or option.takes_value)


def missing_arguments(words: Sequence[GivenArgument], declared: Sequence[DeclaredOption]) -> list[MissingArgument]:
    """Return the required options and arguments that a command line lacks, options first."""
    named = {flag for word in words if word.option for flag in word.option.flags}
    needed = [option for option in declared if option.required]
    commands = [option for option in needed if option.suggested]
    options = [option for option in needed if option.flags and not named & set(option.flags)]
    positional = [option for option in needed if not option.flags]
    loose = sum(word.option is None for word in words)
    left = positional[loose:]
    ordered = [*(one for one in commands if one in left), *options, *left]
    unique = {option.flag or option.name: option for option in ordered}
    return [MissingArgument(option) for option in unique.values()]


def value_of(text: str) -> Value:
    """Return a typed value: a number if it is one, else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _is_number(word: str) -> bool:
    return not isinstance(value_of(word), str)
