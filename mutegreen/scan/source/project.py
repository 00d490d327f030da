"""Which file of the project does an import name? `from models.small import Net`: `models/small.py`, `Net`."""

from __future__ import annotations

import ast
import os
from pathlib import Path

from mutegreen.errors import UsageError
from mutegreen.scan.source.module import Module

_MOST_FILES = 200
_MARKS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")


class Project:
    """A script and the source files of its project that it imports.

    Raises:
        UsageError: The script cannot be read.
    """

    def __init__(self, script: Path) -> None:
        self.folder = script.resolve().parent
        self._loaded: dict[Path, Module | None] = {}
        self._located: dict[tuple[Path, str], tuple[Module, list[str]] | None] = {}
        self.script = Module(script, script.name)
        self._loaded[script.resolve()] = self.script
        self.roots = _roots(self.folder)

    def locate(self, module: Module, origin: str) -> tuple[Module, list[str]] | None:
        """Return the project's file for `package.module.name`, and the rest of the name in it; None: there is none."""
        place = (module.path.parent, origin)
        if place not in self._located:
            self._located[place] = self._locate(module, origin)
        return self._located[place]

    def _locate(self, module: Module, origin: str) -> tuple[Module, list[str]] | None:
        relative = len(origin) - len(origin.lstrip("."))
        parts = [part for part in origin.lstrip(".").split(".") if part]
        bases = [_above(module.path.resolve(), relative)] if relative else self.roots
        for base in bases:
            for length in range(len(parts), -1 if relative else 0, -1):
                source = self._source(base.joinpath(*parts[:length]))
                if source is not None:
                    return source, parts[length:]
        return None

    def definition(self, module: Module, name: str, depth: int = 0) -> tuple[Module, str] | None:
        """Return the module that defines a top-level name, and its name there; imports and `import *` are followed."""
        if depth > 5:
            return None
        if name in module.definitions or (module.tree, name) in module.bindings:
            return module, name
        if name in module.imports:
            located = self.locate(module, module.imports[name])
            if located is not None and len(located[1]) == 1:
                return self.definition(located[0], located[1][0], depth + 1)
            return None
        for star in module.stars:
            located = self.locate(module, star)
            if located is not None and not located[1] and located[0] is not module:
                definition = self.definition(located[0], name, depth + 1)
                if definition is not None:
                    return definition
        return None

    def target(self, module: Module, node: ast.expr) -> tuple[Module, str] | None:
        """Return the module and the name of the definition that a name or dotted name refers to."""
        if isinstance(node, ast.Name):
            return self.definition(module, node.id)
        origin = module.qualified(node) if isinstance(node, ast.Attribute) else None
        located = self._locate_through_imports(module, origin) if origin else None
        if located is None or len(located[1]) != 1:
            return None
        return self.definition(located[0], located[1][0])

    def _locate_through_imports(self, module: Module, origin: str, depth: int = 0) -> tuple[Module, list[str]] | None:
        """Like `locate`, also through modules that a package imports under another name."""
        located = self.locate(module, origin)
        if located is None or len(located[1]) < 2 or depth > 5:
            return located
        other, (name, *rest) = located
        if name not in other.imports:
            return None
        return self._locate_through_imports(other, ".".join([other.imports[name], *rest]), depth + 1)

    def _source(self, path: Path) -> Module | None:
        for candidate in (path.with_name(path.name + ".py"), path / "__init__.py"):
            if candidate.is_file():
                return self._load(candidate.resolve())
        return None

    def _load(self, path: Path) -> Module | None:
        if path not in self._loaded and len(self._loaded) < _MOST_FILES:
            try:
                self._loaded[path] = Module(path, Path(os.path.relpath(path, self.folder)).as_posix())
            except UsageError:
                # An imported file may be for another version of Python; then only the other files are read.
                self._loaded[path] = None
        return self._loaded.get(path)


def _roots(folder: Path) -> list[Path]:
    """Return the folders in which imports are searched: the script's and those above it, up to the project's top."""
    above = [folder, *folder.parents[:4]]
    top = next((i for i, f in enumerate(above) if any((f / mark).exists() for mark in _MARKS)), None)
    if top is None:
        top = next((i for i, f in enumerate(above) if not (f / "__init__.py").exists()), 0)
    return [*above[: top + 1], above[top] / "src"]


def _above(path: Path, dots: int) -> Path:
    return path.parents[dots - 1]
