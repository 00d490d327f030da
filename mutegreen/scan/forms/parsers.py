"""Which options of argparse and similar parsers have a default? `add_argument("--lr", default=0.1)`: `--lr`, 0.1."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mutegreen.mutation.sites import is_literal
from mutegreen.scan.finding import Form
from mutegreen.scan.forms import betas
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.meaning import UNKNOWN, Meaning
from mutegreen.scan.names.vocabulary import meaning
from mutegreen.scan.source.calls import called_name, last_name, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.value import literal_value, unwrapped

_DECLARING = frozenset({"option", "Option", "DEFINE_float", "DEFINE_integer"})


@dataclass(frozen=True)
class OptionDefault:
    """An option of a parser with its default.

    Attributes:
        destination: The attribute that gets its value.
        flags: Its spellings.
        default: The expression of its default; `None`: it has none.
        help: Its help text.
    """

    destination: str
    flags: tuple[str, ...]
    default: ast.expr
    help: str

    @property
    def flag(self) -> str | None:
        """The flag that a user would type: the first long one."""
        return next((flag for flag in self.flags if flag.startswith("--")), next(iter(self.flags), None))


def mentions(module: Module) -> Iterator[Mention]:
    """Yield the options that have a default; `set_defaults` replaces that of `add_argument`."""
    overridden = {word.arg for call in _calls(module, "set_defaults") for word in call.keywords}
    for option in options(module):
        if option.destination not in overridden or not is_literal(option.default):
            yield from _mentions(module, option, option.default)
    by_name = {option.destination: option for option in _declared(module)}
    for call in _calls(module, "set_defaults"):
        for word in call.keywords:
            if word.arg:
                option = by_name.get(word.arg) or OptionDefault(word.arg, (), word.value, "")
                yield from _mentions(module, option, word.value)


def options(module: Module) -> Iterator[OptionDefault]:
    """Yield all options of a module that have a default."""
    return (option for option in _declared(module) if not _is_none(option.default))


def _declared(module: Module) -> Iterator[OptionDefault]:
    for node in module.nodes:
        if isinstance(node, ast.Call):
            option = _option(node)
            if option is not None:
                yield option


def _calls(module: Module, name: str) -> list[ast.Call]:
    return [node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) == name]


def _option(call: ast.Call) -> OptionDefault | None:
    """Return the option that a call adds to a parser; None: it adds none."""
    words = [text_of(argument) for argument in call.args]
    flags = tuple(word for word in words if word.startswith("-") and len(word) > 1 and " " not in word)
    name = called_name(call)
    adds = name in {"add_argument", "add_arg", "add_option", "add_argparse_arg"}
    if name in _DECLARING or not (flags or (adds and words[:1] and words[0].isidentifier())):
        return None
    keywords = {word.arg: word.value for word in call.keywords if word.arg}
    if not (adds or {"default", "type", "action", "help"} & set(keywords)):
        return None
    default = keywords.get("default") or _by_position(call)
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else words[0])
    destination = text_of(keywords.get("dest")) or long.lstrip("-").replace("-", "_")
    return OptionDefault(destination, flags, default or ast.Constant(None), text_of(keywords.get("help")))


def _by_position(call: ast.Call) -> ast.expr | None:
    """Return the default in a helper such as `add_arg("lr", float, 0.1, "learning rate")`."""
    if last_name(call.func) == "add_argument":
        return None
    return next((a for a in call.args[1:] if is_literal(a) and not text_of(a)), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _mentions(module: Module, option: OptionDefault, default: ast.expr) -> Iterator[Mention]:
    default = unwrapped(default)
    if betas.is_pair(option.destination, default):
        yield from betas.mentions(module, default, Form.ARGPARSE, option.flag)
    else:
        yield Mention(module, default, option.destination, Form.ARGPARSE, _meaning(option, default), flag=option.flag)


def _meaning(option: OptionDefault, default: ast.expr) -> Meaning:
    value = literal_value(default) if is_literal(default) else 0.1
    names = [option.destination, *(flag.lstrip("-") for flag in option.flags if flag.startswith("--"))]
    meanings = [meaning(name, value, option.help) for name in names]
    return next((one for one in meanings if one.sure), meanings[0] if meanings else UNKNOWN)
