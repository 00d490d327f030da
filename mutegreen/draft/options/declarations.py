"""Reads the options and arguments that a program declares: flags, number of values, whether they are required."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mutegreen.mutation.sites import parameter_defaults
from mutegreen.scan.forms.flags import is_command
from mutegreen.scan.names.words import words
from mutegreen.scan.source.calls import called_name, dotted, last_name, parameters, text_of
from mutegreen.scan.source.module import Module

_SWITCHES = frozenset({"store_true", "store_false", "store_const", "append_const", "count", "help", "version"})
_OPTIONAL = frozenset({"?", "*", "..."})
_PARSERS = frozenset(
    {"argparse", "click", "typer", "absl", "docopt", "fire", "optparse", "tap", "simple_parsing", "jsonargparse"}
)


@dataclass(frozen=True)
class DeclaredOption:
    """An option, or a positional argument, that a program declares.

    Attributes:
        name: Its name in the program.
        flags: Its spellings; none: it is positional.
        required: Whether the program needs it to start.
        takes_value: False for a switch.
        single: Whether it takes one value, not several.
        help: Its help text.
        choices: Its possible values, if the program lists them.
        default: Whether it has a default.
        suggested: The value to use if the user passes none.
    """

    name: str
    flags: tuple[str, ...] = ()
    required: bool = False
    takes_value: bool = True
    single: bool = True
    help: str = ""
    choices: tuple[str, ...] = ()
    default: bool = False
    suggested: str = ""

    @property
    def flag(self) -> str | None:
        """The spelling that a user would type: the first long one."""
        return next((flag for flag in self.flags if flag.startswith("--")), next(iter(self.flags), None))


def declared_options(modules: Iterable[Module]) -> list[DeclaredOption]:
    """Return all options and arguments that the modules of a program declare."""
    return [option for module in modules for option in _of_module(module)]


def _of_module(module: Module) -> Iterator[DeclaredOption]:
    marked = set(_marked_as_required(module))
    for node in sorted(_calls(module), key=lambda call: (call.lineno, call.col_offset)):
        name = called_name(node)
        if name in {"add_argument", "add_arg", "add_option"}:
            if _sub_command_of(module, node) in {None, _training_command(module)}:
                yield from _argparse(node)
        elif name.startswith("DEFINE_"):
            yield from _absl(node, marked)
        elif name == "option" and _is_click(module, node):
            yield from _click_option(node)
        elif name == "argument" and _is_click(module, node):
            yield from _click_argument(node)
        elif name == "add_subparsers":
            choices = tuple(_sub_commands(module))
            yield DeclaredOption("command", required=True, choices=choices, suggested=_training_command(module))
        elif name == "HfArgumentParser":
            yield from _dataclasses(module, node)
        elif name == "Fire":
            yield from _fire(module, node)
    yield from _typer(module)
    yield from _bare(module)


def _calls(module: Module) -> Iterator[ast.Call]:
    return (node for node in module.nodes if isinstance(node, ast.Call))


def _argparse(call: ast.Call) -> Iterator[DeclaredOption]:
    texts = [text for argument in call.args if (text := text_of(argument))]
    flags = tuple(text for text in texts if text.startswith("-"))
    if not texts or (not flags and not texts[0].replace("-", "_").isidentifier()):
        return
    keywords = _keywords(call)
    nargs = text_of(keywords.get("nargs"))
    has_default = not _is_none(keywords.get("default"))
    yield DeclaredOption(
        name=text_of(keywords.get("dest")) or max(flags or texts[:1], key=len).lstrip("-"),
        flags=flags,
        required=_is_true(keywords.get("required")) if flags else nargs not in _OPTIONAL and not has_default,
        takes_value=text_of(keywords.get("action")) not in _SWITCHES
        and "BooleanOptional" not in _unparsed(keywords.get("action")),
        single="nargs" not in keywords,
        help=_one_line(text_of(keywords.get("help"))),
        choices=_choices(keywords.get("choices")),
        default=has_default,
    )


def _sub_command_of(module: Module, call: ast.Call) -> str | None:
    """Return the sub-command that an argument belongs to; None: it belongs to none."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    for scope in module.scopes(call) if isinstance(owner, ast.Name) else ():
        for value in module.bindings.get((scope, dotted(owner)), []) if owner is not None else ():
            is_sub = isinstance(value, ast.Call) and called_name(value) == "add_parser"
            return text_of(value.args[0]) if is_sub and isinstance(value, ast.Call) and value.args else None
    return None


def _sub_commands(module: Module) -> list[str]:
    added = (call for call in _calls(module) if called_name(call) == "add_parser" and call.args)
    return [name for call in added if (name := text_of(call.args[0]))]


def _training_command(module: Module) -> str:
    """Return the only sub-command whose name says that it trains; empty: there is none, or several."""
    training = [name for name in _sub_commands(module) if {"train", "fit"} & set(words(name))]
    return training[0] if len(training) == 1 else ""


def _absl(call: ast.Call, marked: set[str]) -> Iterator[DeclaredOption]:
    keywords = _keywords(call)
    name = text_of(call.args[0]) if call.args else text_of(keywords.get("name"))
    default = call.args[1] if len(call.args) > 1 else keywords.get("default")
    text = text_of(call.args[2]) if len(call.args) > 2 else text_of(keywords.get("help"))
    if name:
        required = name in marked or _is_true(keywords.get("required"))
        boolean = called_name(call) in {"DEFINE_bool", "DEFINE_boolean"}
        yield DeclaredOption(
            name, (f"--{name}",), required, not boolean, help=_one_line(text), default=not _is_none(default)
        )


def _marked_as_required(module: Module) -> Iterator[str]:
    for call in _calls(module):
        if called_name(call) in {"mark_flag_as_required", "mark_flags_as_required"} and call.args:
            first = call.args[0]
            yield from map(text_of, first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first])


def _is_click(module: Module, call: ast.Call) -> bool:
    return "click" in module.roots or dotted(call.func).startswith("click")


def _click_option(call: ast.Call) -> Iterator[DeclaredOption]:
    texts = [text_of(argument).partition("/")[0] for argument in call.args]
    flags = tuple(text for text in texts if text.startswith("-"))
    keywords = _keywords(call)
    if flags:
        own = next((text for text in texts if text.isidentifier()), max(flags, key=len).lstrip("-"))
        switch = _is_true(keywords.get("is_flag")) or any("/" in text_of(argument) for argument in call.args)
        required = _is_true(keywords.get("required")) and _is_none(keywords.get("default"))
        yield DeclaredOption(
            own,
            flags,
            required,
            not switch,
            help=_one_line(text_of(keywords.get("help"))),
            choices=_choices(_chosen_from(keywords.get("type"))),
            default=not _is_none(keywords.get("default")),
        )


def _chosen_from(node: ast.expr | None) -> ast.expr | None:
    """Return the list in `click.Choice([...])`."""
    return node.args[0] if isinstance(node, ast.Call) and called_name(node) == "Choice" and node.args else None


def _click_argument(call: ast.Call) -> Iterator[DeclaredOption]:
    keywords = _keywords(call)
    optional = "required" in keywords and not _is_true(keywords["required"])
    if call.args and not (optional or "default" in keywords or _unparsed(keywords.get("nargs")) == "-1"):
        yield DeclaredOption(text_of(call.args[0]), required=True)


def _typer(module: Module) -> Iterator[DeclaredOption]:
    if "typer" not in module.roots:
        return
    functions = [node for node in module.nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for function in functions:
        if is_command(module, function):
            arguments = function.args
            bare = arguments.args[: len(arguments.args) - len(arguments.defaults)]
            yield from (DeclaredOption(argument.arg, required=True) for argument in bare)
            for argument, default in zip(arguments.args[len(bare) :], arguments.defaults, strict=True):
                yield from _typer_default(argument.arg, default)


def _typer_default(name: str, default: ast.expr) -> Iterator[DeclaredOption]:
    flags = (f"--{name.replace('_', '-')}",)
    if isinstance(default, ast.Call) and called_name(default) in {"Option", "Argument"}:
        keywords = _keywords(default)
        first = default.args[0] if default.args else keywords.get("default")
        needed = first is None or (isinstance(first, ast.Constant) and first.value is ...)
        own = tuple(text_of(a) for a in default.args[1:] if text_of(a).startswith("-")) or flags
        is_option = called_name(default) == "Option"
        yield DeclaredOption(
            name, own if is_option else (), needed, help=_one_line(text_of(keywords.get("help"))), default=not needed
        )
    else:
        switch = isinstance(default, ast.Constant) and isinstance(default.value, bool)
        yield DeclaredOption(name, flags, takes_value=not switch, default=not _is_none(default))


def _dataclasses(module: Module, call: ast.Call) -> Iterator[DeclaredOption]:
    """Yield the options of Hugging Face's parser: one for every field; a field without a value is required."""
    names = {last_name(node) for argument in call.args for node in ast.walk(argument)} - {""}
    classes = [node for node in module.nodes if isinstance(node, ast.ClassDef) and node.name in names]
    for item in (item for node in classes for item in node.body if isinstance(item, ast.AnnAssign)):
        if isinstance(item.target, ast.Name):
            name = item.target.id
            yield DeclaredOption(name, (f"--{name}",), required=item.value is None, default=not _is_none(item.value))
    bases = {last_name(base) for node in classes for base in node.bases}
    if any("TrainingArguments" in name for name in names | bases):
        yield DeclaredOption("output_dir", ("--output_dir",), required=True, help="where the model is written")


def _fire(module: Module, call: ast.Call) -> Iterator[DeclaredOption]:
    """Yield the options of Fire: one for every parameter."""
    function = module.definitions.get(last_name(call.args[0])) if call.args else None
    if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        defaults = dict(parameter_defaults(function.args))
        for name in parameters(function):
            default = defaults.get(name)
            yield DeclaredOption(name, (f"--{name}",), required=default is None, default=not _is_none(default))


def _bare(module: Module) -> Iterator[DeclaredOption]:
    """Yield the arguments of a script that reads `sys.argv[1]`, unless it has a parser or checks their number."""
    if module.roots & _PARSERS or "len(sys.argv)" in module.text.text:
        return
    taken = [
        node.slice for node in module.nodes if isinstance(node, ast.Subscript) and dotted(node.value) == "sys.argv"
    ]
    numbers = {n.value for n in taken if isinstance(n, ast.Constant) and isinstance(n.value, int) and n.value > 0}
    yield from (DeclaredOption(f"argument-{number}", required=True) for number in range(1, max(numbers, default=0) + 1))


def _keywords(call: ast.Call) -> dict[str, ast.expr]:
    return {word.arg: word.value for word in call.keywords if word.arg}


def _choices(node: ast.expr | None) -> tuple[str, ...]:
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return ()
    return tuple(str(item.value) for item in node.elts if isinstance(item, ast.Constant))


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _unparsed(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def _one_line(text: str) -> str:
    return " ".join(text.split())
