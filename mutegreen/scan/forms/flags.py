"""Which flags of click, typer, absl or TensorFlow have a default? `DEFINE_float("lr", 0.1, "")`: `--lr`, 0.1."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutegreen.mutation.sites import is_literal, parameter_defaults
from mutegreen.scan.finding import Form
from mutegreen.scan.mention import Mention
from mutegreen.scan.names.vocabulary import meaning
from mutegreen.scan.source.calls import bound_arguments, called_name, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.value import literal_value, unwrapped

_ABSL = ("name", "default", "help")


def mentions(module: Module) -> Iterator[Mention]:
    """Yield the flags that have a default."""
    for node in module.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = called_name(node)
        if name.startswith("DEFINE_"):
            yield from _absl(module, node)
        elif name == "option":
            yield from _click(module, node)
    yield from _typer(module)


def _absl(module: Module, call: ast.Call) -> Iterator[Mention]:
    arguments = bound_arguments(call, _ABSL)
    default = arguments.get("default") or arguments.get("default_value")
    name = text_of(arguments.get("name") or arguments.get("flag_name"))
    if default is not None and name:
        yield _mention(module, name, f"--{name}", default, text_of(arguments.get("help") or arguments.get("docstring")))


def _click(module: Module, call: ast.Call) -> Iterator[Mention]:
    texts = [text_of(argument) for argument in call.args]
    flags = [text.partition("/")[0] for text in texts if text.startswith("-")]
    keywords = {word.arg: word.value for word in call.keywords if word.arg}
    if flags and "default" in keywords:
        flag = next((flag for flag in flags if flag.startswith("--")), flags[0])
        own = next((text for text in texts if text.isidentifier()), flag.lstrip("-").replace("-", "_"))
        yield _mention(module, own, flag, keywords["default"], text_of(keywords.get("help")))


def _typer(module: Module) -> Iterator[Mention]:
    if "typer" not in module.roots:
        return
    for node in module.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for name, default in parameter_defaults(node.args):
                yield from _typer_parameter(module, node, name, default)


def _typer_parameter(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str, default: ast.expr
) -> Iterator[Mention]:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(default, ast.Call) and called_name(default) == "Option":
        words = [text_of(argument) for argument in default.args[1:]]
        arguments = bound_arguments(default, ("default",))
        flag = next((word for word in words if word.startswith("--")), flag)
        if "default" in arguments:
            yield _mention(module, name, flag, arguments["default"], text_of(arguments.get("help")))
    elif is_command(module, function):
        yield _mention(module, name, flag, default, "")


def is_command(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether typer makes options of a function's parameters: `@app.command()` or `typer.run(main)`."""
    decorators = (d.func if isinstance(d, ast.Call) else d for d in function.decorator_list)
    if any(isinstance(d, ast.Attribute) and d.attr in {"command", "callback"} for d in decorators):
        return True
    runs = (node for node in module.nodes if isinstance(node, ast.Call) and called_name(node) == "run")
    return any(isinstance(a, ast.Name) and a.id == function.name for run in runs for a in run.args)


def _mention(module: Module, name: str, flag: str, default: ast.expr, help_text: str) -> Mention:
    default = unwrapped(default)
    value = literal_value(default) if is_literal(default) else 0.1
    return Mention(module, default, name, Form.FLAG, meaning(name, value, help_text), flag=flag)
