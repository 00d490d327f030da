"""Finds the lines that a program prints in its print and log calls, without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutegreen.draft.metric.template import Hole, Template, has_holes, joined, joined_by, lines, percent, template
from mutegreen.scan.names.words import word_set
from mutegreen.scan.source.calls import called_name, dotted, text_of
from mutegreen.scan.source.module import Module

_PRINTS = word_set(
    "print pprint rprint cprint echo secho info warning warn error critical log write display progress_bar "
    "print_log print_rank_0 log_string logprint log_print print_fn progress set_description set_description_str "
    "set_postfix_str printf"
)
_NEVER = word_set(
    "open join save savefig title xlabel ylabel suptitle text legend label plot add_argument add_scalar add_scalars "
    "log_metric add_text run system getLogger debug exit exists makedirs mkdir Path remove load load_weights "
    "save_weights to_csv dump dumps append_path strftime input FileHandler SummaryWriter Run annotate name_scope"
)
_TRACKERS = frozenset({"wandb", "mlflow", "self", "run", "experiment", "writer", "neptune", "comet", "trial"})
_FILE_ENDING = re.compile(r"\.(pt|pth|ckpt|h5|hdf5|keras|pkl|npy|npz|csv|json|txt|log|png|jpg|pdf|tar|bin)\b")
_PRINTING_OWNERS = ("sys.stdout", "sys.stderr", "tqdm", "pbar", "bar", "progress", "console", "sys.__stdout__")


@dataclass(frozen=True)
class PrintedLine:
    """A line that the program prints.

    Attributes:
        line: Its template.
        place: File and line of the call; empty: seen in the output.
        source: The source line of the call.
        around: The functions around the call and what the loops around it iterate over, innermost first.
        sure: Whether the line surely goes to the output, and not only into a variable.
    """

    line: Template
    place: str = ""
    source: str = ""
    around: tuple[str, ...] = ()
    sure: bool = True


def printed_lines(module: Module, file: str) -> Iterator[PrintedLine]:
    """Yield every line with a value that a module may print, in the order of the file.

    Args:
        module: The source file.
        file: Its path in messages.
    """
    calls = [node for node in module.nodes if isinstance(node, (ast.Call, ast.Assign, ast.AugAssign, ast.Return))]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        for whole, sure in _templates(module, node):
            for spelled in (spelled for line in lines(whole) for spelled in _spelled_out(line)):
                if has_holes(spelled) and (sure or not _is_file_name(spelled)):
                    yield PrintedLine(
                        spelled, f"{file}:{node.lineno}", _source(module, node), around(module, node), sure
                    )


def _is_file_name(line: Template) -> bool:
    return any(isinstance(part, str) and _FILE_ENDING.search(part) for part in line)


def _spelled_out(line: Template) -> list[Template]:
    """One line for each text that its first hole may have, as in `for phase in ["train", "val"]`."""
    hole = next((part for part in line if isinstance(part, Hole) and part.words), None)
    if hole is None:
        return [line]
    return [tuple(joined(word if part is hole else part for part in line)) for word in hole.words]


def around(module: Module, node: ast.AST) -> tuple[str, ...]:
    """Return the functions around a node and what the loops around it iterate over, innermost first."""
    names = []
    for above in module.ancestors(node):
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(above.name)
        elif isinstance(above, (ast.For, ast.AsyncFor)):
            names.append(ast.unparse(above.iter))
    return tuple(names)


def _source(module: Module, node: ast.expr | ast.stmt) -> str:
    return module.text.lines[node.lineno - 1].strip()


def _templates(module: Module, node: ast.AST) -> Iterator[tuple[Template, bool]]:
    """Yield the templates that a statement or a call may print, each with whether it surely goes to the output."""
    if not isinstance(node, ast.Call):
        value = getattr(node, "value", None)
        if isinstance(value, (ast.JoinedStr, ast.BinOp)) or (isinstance(value, ast.Call) and text_of_format(value)):
            yield template(module, value), False
        return
    name = called_name(node)
    if name == "print":
        yield from _print(module, node)
    elif name == "set_postfix":
        yield _postfix(module, node), True
    elif _prints(node, name):
        yield from _logged(module, node)
    elif name not in _NEVER | {"log"} and not name.endswith(("Error", "Exception", "Warning")):
        yield from ((template(module, a), False) for a in node.args if isinstance(a, (ast.JoinedStr, ast.BinOp)))


def text_of_format(call: ast.Call) -> str:
    """Return the text of `"...".format(...)`; empty for any other call."""
    function = call.func
    is_format = isinstance(function, ast.Attribute) and function.attr == "format"
    return text_of(function.value) if is_format and isinstance(function, ast.Attribute) else ""


def _prints(call: ast.Call, name: str) -> bool:
    if name == "log" and (
        dotted(call.func).partition(".")[0] in _TRACKERS or any(isinstance(a, ast.Dict) for a in call.args)
    ):
        return False
    if name == "write":
        return any(part in dotted(call.func).lower() for part in _PRINTING_OWNERS)
    return name in _PRINTS


def _print(module: Module, call: ast.Call) -> Iterator[tuple[Template, bool]]:
    options = {word.arg: word.value for word in call.keywords}
    goes_to = options.get("file")
    if goes_to is not None and dotted(goes_to) not in _PRINTING_OWNERS:
        return
    separator = options.get("sep")
    between = separator.value if isinstance(separator, ast.Constant) and isinstance(separator.value, str) else " "
    yield joined_by(between, [template(module, argument) for argument in call.args]), True


def _postfix(module: Module, call: ast.Call) -> Template:
    """Return the line of tqdm for `set_postfix(loss=...)` or `set_postfix({"loss": ...})`: `loss=0.1, acc=0.9`."""
    dicts = [*call.args, *(word.value for word in call.keywords if word.arg in {None, "ordered_dict"})]
    pairs = [pair for mapping in dicts for pair in _items(module, mapping)]
    pairs += [(word.arg, word.value) for word in call.keywords if word.arg and word.arg != "ordered_dict"]
    return joined_by(", ", [(f"{name}=", *_only_holes(template(module, value))) for name, value in pairs])


def _items(module: Module, mapping: ast.expr) -> list[tuple[str, ast.expr]]:
    """Return the entries of a dict, also of one that `name["loss"] = ...` fills, in the order of their assignments."""
    if isinstance(mapping, ast.Dict):
        return [(text_of(key), v) for key, v in zip(mapping.keys, mapping.values, strict=True) if text_of(key)]
    if isinstance(mapping, ast.Call):
        return [(word.arg, word.value) for word in mapping.keywords if word.arg]
    bound = module.bindings.get((module.scope(mapping), dotted(mapping)), [])
    entries = dict(pair for value in bound if not isinstance(value, ast.Name) for pair in _items(module, value))
    for target, value in sorted(module.assignments, key=lambda pair: pair[0].lineno):
        if isinstance(target, ast.Subscript) and dotted(mapping) and dotted(target.value) == dotted(mapping):
            entries |= {text_of(target.slice): value}
    return [(key, value) for key, value in entries.items() if key]


def _only_holes(value: Template) -> Template:
    return tuple(part for part in value if isinstance(part, Hole)) or value


def _logged(module: Module, call: ast.Call) -> Iterator[tuple[Template, bool]]:
    texts = [argument for argument in call.args if has_holes(template(module, argument))]
    if texts:
        yield from ((template(module, text), True) for text in texts)
    elif call.args and (text := next(filter(None, map(text_of, call.args)), "")) and len(call.args) > 1:
        values = iter(argument for argument in call.args if not text_of(argument))
        yield tuple(percent(module, text, values)), True
