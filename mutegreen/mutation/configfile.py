"""Values in TOML, JSON and YAML files, by dotted key, replaced without touching the rest of the file."""

from __future__ import annotations

import ast
import json
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

from mutegreen.errors import MutationError
from mutegreen.model import ConfigSite, Value
from mutegreen.mutation.text import TextFile

_MARK = "\u2402mutegreen\u2403"


def read(folder: Path, site: ConfigSite) -> Value:
    """The value at a key.

    Raises:
        MutationError: The file cannot be parsed, the key is not in it, or it holds no plain value.
    """
    return _format(site).read(TextFile.read(folder / site.file).text, site)


def write(folder: Path, site: ConfigSite, value: Value) -> None:
    """Replaces the value at a key; comments, order and layout stay.

    Raises:
        MutationError: As for `read`.
    """
    mutated(folder, site, value).write(folder / site.file)


def mutated(folder: Path, site: ConfigSite, value: Value) -> TextFile:
    """The file with another value at a key, not written.

    Raises:
        MutationError: As for `read`.
    """
    file = TextFile.read(folder / site.file)
    return replace(file, text=_format(site).write(file.text, site, value))


def place(text: str, site: ConfigSite) -> tuple[int, int]:
    """Where the value at a key stands: line from 1, column in characters from 0.

    Raises:
        MutationError: As for `read`.
    """
    start, _ = _format(site).span(text, site)
    return text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1)


class _Format(ABC):
    @abstractmethod
    def read(self, text: str, site: ConfigSite) -> Value: ...

    @abstractmethod
    def write(self, text: str, site: ConfigSite, value: Value) -> str: ...

    @abstractmethod
    def span(self, text: str, site: ConfigSite) -> tuple[int, int]:
        """First character of the value, and the one after its last; the key is known to exist."""


class _Toml(_Format):
    def read(self, text: str, site: ConfigSite) -> Value:
        return _plain(_descend(self._document(text, site).unwrap(), site), site)

    def write(self, text: str, site: ConfigSite, value: Value) -> str:
        self.read(text, site)
        document = self._document(text, site)
        table: Any = document
        *path, last = site.key.split(".")
        for part in path:
            table = table[int(part) if isinstance(table, list) else part]
        table[int(last) if isinstance(table, list) else last] = value
        return str(document.as_string())

    def span(self, text: str, site: ConfigSite) -> tuple[int, int]:
        # tomlkit does not say where a value stands; what stands before and after it does.
        marked = self.write(text, site, _MARK)
        start = marked.index(f'"{_MARK}"')
        return start, len(text) - (len(marked) - start - len(_MARK) - 2)

    def _document(self, text: str, site: ConfigSite) -> Any:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            return tomlkit.parse(text)
        except TOMLKitError as error:
            raise MutationError(f"{site.file}: not TOML: {error}") from error


class _Spliced(_Format):
    """A format whose parser says where a value stands."""

    @abstractmethod
    def load(self, text: str, site: ConfigSite) -> object: ...

    @abstractmethod
    def spelled(self, value: Value) -> str: ...

    def read(self, text: str, site: ConfigSite) -> Value:
        return _plain(_descend(self.load(text, site), site), site)

    def write(self, text: str, site: ConfigSite, value: Value) -> str:
        self.read(text, site)
        start, end = self.span(text, site)
        return text[:start] + self.spelled(value) + text[end:]


class _Json(_Spliced):
    def load(self, text: str, site: ConfigSite) -> object:
        try:
            return json.loads(text)
        except ValueError as error:
            raise MutationError(f"{site.file}: not JSON: {error}") from error

    def span(self, text: str, site: ConfigSite) -> tuple[int, int]:
        # JSON's containers, numbers and texts are Python's too, so `ast` can tell their places; true, false and
        # null are names to it, which serves as well. The brackets allow for white space at the start.
        opening = "(\n"
        wrapped = TextFile(f"{opening}{text}\n)", "utf-8")
        node: ast.expr = ast.parse(wrapped.text, mode="eval").body
        for part in site.key.split("."):
            node = self._child(node, part)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = wrapped.offset(node.lineno, node.col_offset)
        end = wrapped.offset(node.end_lineno, node.end_col_offset)
        return start - len(opening), end - len(opening)

    def _child(self, node: ast.expr, part: str) -> ast.expr:
        if isinstance(node, ast.List):
            return node.elts[int(part)]
        assert isinstance(node, ast.Dict)
        pairs = zip(node.keys, node.values, strict=True)
        return [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == part][-1]

    def spelled(self, value: Value) -> str:
        return json.dumps(value)


class _Yaml(_Spliced):
    def load(self, text: str, site: ConfigSite) -> object:
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise MutationError(f"{site.file}: not YAML: {' '.join(str(error).split())}") from error

    def span(self, text: str, site: ConfigSite) -> tuple[int, int]:
        import yaml

        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        for part in site.key.split("."):
            if isinstance(node, yaml.SequenceNode):
                node = node.value[int(part)]
            else:
                node = next(value for key, value in node.value if key.value == part)
        return node.start_mark.index, node.end_mark.index

    def spelled(self, value: Value) -> str:
        return _yaml_float(value) if isinstance(value, float) else json.dumps(value)


def _yaml_float(value: float) -> str:
    """YAML 1.1 takes `1e-05` for a text: its floats need a point before the exponent."""
    mantissa, exponent, power = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power


def _format(site: ConfigSite) -> _Format:
    suffix = Path(site.file).suffix.lower()
    if suffix == ".toml":
        return _Toml()
    return _Json() if suffix == ".json" else _Yaml()


def _descend(document: Any, site: ConfigSite) -> object:
    where = ""
    for part in site.key.split("."):
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError, TypeError, ValueError):
            keys = ", ".join(map(str, document)) if isinstance(document, dict) else "none"
            place = f"under {where}" if where else "at the top"
            raise MutationError(f"{site.file}: no key {site.key}", f"the keys {place} are: {keys}") from None
        where = f"{where}.{part}" if where else part
    return document


def _plain(value: object, site: ConfigSite) -> Value:
    if isinstance(value, (bool, int, float, str)):
        return value
    raise MutationError(f"{site.file}: {site.key} is not a plain value, but {type(value).__name__}")
