"""Help texts of all commands: full sentences in the words of the glossary, examples that can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from mutegreen.cli.main import COMMANDS, cli
from support.banned_phrases import banned_in

WITH_EXAMPLES = ("run", "stats", "init", "scan", "plot", "export", "measure")
"""The main commands, whose help ends with examples."""

WIDTH = 80


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command and sub-command with its words on the command line; the group itself has none."""
    yield "", cli
    with click.Context(cli) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            yield name, command
            if isinstance(command, click.Group):
                yield from ((f"{name} {sub}", each) for sub, each in command.commands.items())


ALL = dict(commands())


def help_of(words: str) -> str:
    """Return the help of a command as it is printed on a terminal of 80 columns."""
    with click.Context(ALL[words], info_name=f"mutegreen {words}".strip(), max_content_width=WIDTH) as context:
        return ALL[words].get_help(context)


def options(command: click.Command) -> list[click.Option]:
    """Return the options of a command."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option)]


def is_sentence(text: str) -> bool:
    """Return whether a text starts with a capital letter and ends with a full stop, a default in brackets aside."""
    text = re.sub(r"\s*\[default: .*\]$", "", " ".join(text.split()))
    return re.fullmatch(r"[A-Z].*[^.]\.", text) is not None


@pytest.mark.parametrize("words", ALL, ids=str)
def test_help_has_no_banned_phrase_and_no_word_that_the_glossary_replaces(words: str) -> None:
    assert banned_in(help_of(words)) == []


def test_lines_in_the_list_of_commands_are_sentences_without_banned_phrases() -> None:
    for name, (_, line) in COMMANDS.items():
        assert is_sentence(line), name
        assert banned_in(line) == [], name


@pytest.mark.parametrize("words", ALL, ids=str)
def test_every_command_and_option_has_a_help_text_of_sentences(words: str) -> None:
    command = ALL[words]
    assert command.help is not None
    for paragraph in command.help.split("\n\n"):
        assert is_sentence(paragraph), paragraph
    for option in options(command):
        assert option.help is not None, option.name
        assert is_sentence(option.help), option.help


@pytest.mark.parametrize("words", ALL, ids=str)
def test_every_option_that_takes_a_value_says_its_default(words: str) -> None:
    """Unless it is required, may be repeated, or is an action of its own that takes an argument."""
    actions = {"resume", "script", "module"}
    for option in options(ALL[words]):
        if not (option.is_flag or option.required or option.multiple or option.name in actions):
            assert "[default: " in str(option.help) or option.show_default, option.name


@pytest.mark.parametrize("words", WITH_EXAMPLES)
def test_the_main_commands_show_examples(words: str) -> None:
    assert "\n  Examples:\n    mutegreen " in help_of(words)


@pytest.mark.parametrize("words", ALL, ids=str)
def test_examples_are_commands_and_options_that_there_are(words: str) -> None:
    for line in help_of(words).partition("Examples:\n")[2].splitlines():
        assert len(line) <= WIDTH, line
        _, name, *arguments = shlex.split(re.split(r"\s{2,}| -- ", line.strip())[0])
        if name == "study":
            name, arguments = f"study {arguments[0]}", arguments[1:]
        known = {flag for option in options(ALL[name]) for flag in option.opts}
        assert {word for word in arguments if word.startswith("-")} <= known, line


def test_these_rules_find_what_they_look_for() -> None:
    assert banned_in("Say what would mend the variant.") == ["mend", "variant"]
    assert not is_sentence("only hyperparameters of these operators")
    assert not is_sentence("Mutants of each hyperparameter.  [default: 5")
    assert is_sentence("Make N mutants of each hyperparameter.  [default: 5]")
