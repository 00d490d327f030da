"""What does a source file define, import and assign? `import torch.nn as nn; lr = 0.1`: `nn` is `torch.nn`, lr 0.1."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from mutegreen.errors import MutationError, UsageError
from mutegreen.mutation import sites
from mutegreen.mutation.text import TextFile

LARGEST_BYTES = 1_000_000
"""A larger source is generated data and is not read."""

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Module:
    """A source file of the program.

    Args:
        path: Its path.
        file: The path in messages and sites, relative to the script's folder.

    Raises:
        UsageError: It cannot be read, is not Python 3, is too large or nested too deeply.
    """

    def __init__(self, path: Path, file: str) -> None:
        self.path = path
        self.file = file
        self.text = _read(path, file)
        self.tree = _parse(self.text.text, file)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All nodes, in the order of `ast.walk`."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def paths(self) -> dict[ast.expr, str]:
        """The site path of every literal."""
        return sites.paths(self.tree)

    @cached_property
    def imports(self) -> dict[str, str]:
        """Each imported name with its full name: `nn` is `torch.nn`; a relative one begins with dots."""
        names = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                origin = _origin(node)
                for alias in node.names:
                    names[alias.asname or alias.name] = _joined(origin, alias.name)
        return names

    @cached_property
    def stars(self) -> tuple[str, ...]:
        """The modules in `from module import *`."""
        imports = (node for node in self.nodes if isinstance(node, ast.ImportFrom))
        return tuple(_origin(node) for node in imports if node.names[0].name == "*")

    @cached_property
    def roots(self) -> frozenset[str]:
        """The top-level packages of all imports."""
        origins = [*self.imports.values(), *self.stars]
        return frozenset(origin.partition(".")[0] for origin in origins)

    @cached_property
    def definitions(self) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
        """The functions and classes at the top level."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return {node.name: node for node in self.tree.body if isinstance(node, kinds)}

    @cached_property
    def bindings(self) -> dict[tuple[ast.AST, str], list[ast.expr]]:
        """The values that each name of each scope is assigned."""
        values: dict[tuple[ast.AST, str], list[ast.expr]] = defaultdict(list)
        for target, value in self.assignments:
            if isinstance(target, ast.Name):
                scope = self.scope(target)
                values[self.tree if (scope, target.id) in self._globals else scope, target.id].append(value)
        return dict(values)

    @cached_property
    def assignments(self) -> tuple[tuple[ast.expr, ast.expr], ...]:
        """All (target, value) pairs; `a, b = 1, 2` is two pairs."""
        return tuple(pair for node in self.nodes for pair in _assigned(node))

    @cached_property
    def _globals(self) -> set[tuple[ast.AST, str]]:
        declared = (node for node in self.nodes if isinstance(node, ast.Global))
        return {(self.scope(node), name) for node in declared for name in node.names}

    @cached_property
    def counters(self) -> set[str]:
        """Names that the file increments (`step += 1`): variables, not hyperparameters."""
        steps = (node for node in self.nodes if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add))
        return {node.target.id for node in steps if isinstance(node.target, ast.Name)}

    @cached_property
    def words(self) -> frozenset[str]:
        """All identifiers, in lower case."""
        names = {node.id for node in self.nodes if isinstance(node, ast.Name)}
        attributes = {node.attr for node in self.nodes if isinstance(node, ast.Attribute)}
        arguments = {node.arg for node in self.nodes if isinstance(node, ast.arg)}
        return frozenset(word.lower() for word in names | attributes | arguments)

    def scope(self, node: ast.AST) -> Scope:
        """Return the function, class or module that contains a node."""
        while not isinstance(node := self.parents.get(node, self.tree), _SCOPES):
            pass
        return node

    def scopes(self, node: ast.AST) -> Iterator[Scope]:
        """Yield the scopes around a node, innermost first."""
        while not isinstance(node, ast.Module):
            node = self.scope(node)
            yield node

    def enclosing_class(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class around a node."""
        return next((scope for scope in self.scopes(node) if isinstance(scope, ast.ClassDef)), None)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes above a node, innermost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def function_names(self, node: ast.AST) -> list[str]:
        """Return the names of the functions and classes around a node, innermost first."""
        return [scope.name for scope in self.scopes(node) if isinstance(scope, (*_FUNCTIONS[:2], ast.ClassDef))]

    def qualified(self, node: ast.expr, depth: int = 0) -> str | None:
        """Return the full name of an imported object: `optim.SGD` is `torch.optim.SGD`; None: it is not imported."""
        if isinstance(node, ast.Attribute):
            base = self.qualified(node.value, depth)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.imports:
            return self.imports[node.id]
        alias = self.bindings.get((self.tree, node.id), [])
        if len(alias) == 1 and isinstance(alias[0], (ast.Name, ast.Attribute)) and depth < 3:
            return self.qualified(alias[0], depth + 1)
        return None

    def place(self, node: ast.expr) -> tuple[int, int]:
        """Return the line, from 1, and the column, in characters from 0."""
        return node.lineno, self.text.column(node.lineno, node.col_offset)


def _read(path: Path, file: str) -> TextFile:
    if path.is_dir():
        raise UsageError(f"{file} is a folder", "name the training script in it")
    if path.is_file() and path.stat().st_size > LARGEST_BYTES:
        raise UsageError(
            f"{file}: over {LARGEST_BYTES:,} bytes, which is generated data and no script", "name another file"
        )
    try:
        return TextFile.read(path, python=True)
    except MutationError as error:
        raise UsageError(error.message, "name a Python source file") from error


def _parse(text: str, file: str) -> ast.Module:
    try:
        return sites.parse(text)
    except SyntaxError as error:
        hint = "only Python 3 can be read; `2to3 -w` converts Python 2" if _is_python_2(error) else None
        raise UsageError(f"{file}, line {error.lineno}: not Python 3: {error.msg}", hint) from error
    except ValueError as error:
        raise UsageError(f"{file}: not Python source: {error}", "name a Python source file") from error
    except (RecursionError, MemoryError) as error:
        raise UsageError(f"{file}: nested too deeply to be read") from error


def _is_python_2(error: SyntaxError) -> bool:
    line = (error.text or "").strip()
    return "print" in line or "exec" in line or (error.msg or "").startswith(("multiple exception", "leading zeros"))


def _origin(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _joined(origin: str, name: str) -> str:
    return f"{origin}{name}" if not origin.strip(".") else f"{origin}.{name}"


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _paired(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            for part, item in zip(target.elts, value.elts, strict=True):
                yield from _paired(part, item)
    else:
        yield target, value
