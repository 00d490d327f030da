"""Syntaxes of config files: finds a value in the text, writes a value, and checks that nothing else has changed.

After a replacement the documents before and after are compared:

    syntax      | what must be equal
    ------------|------------------------------------------------------------------------------------------------
    TOML, JSON  | the parsed documents, except for the value at the keys
    YAML        | the parser's events, except for one scalar: an alias to the value changes it in several places

The comparison distinguishes 1, 1.0 and True, and takes NaN as equal to NaN.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import count, zip_longest
from typing import Any, ClassVar

from typing_extensions import override

from mutegreen.model import Value

_MARK = "\u2402mutegreen\u2403"


class Syntax(ABC):
    """A syntax of config files. `keys` is the path from the top of a document to a value; for lists it has the index.

    Attributes:
        name: Its name in messages.
    """

    name: ClassVar[str]

    @abstractmethod
    def load(self, text: str) -> object:
        """Parse a document.

        Raises:
            ValueError: The text does not have this syntax.
        """

    @abstractmethod
    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        """Return the offsets of the first character of a value and of the one after its last. The keys must exist.

        Raises:
            LookupError: The value is not written at these keys, but taken from another place in the file.
        """

    @abstractmethod
    def spell(self, value: Value) -> str:
        """Write a value as text.

        Raises:
            ValueError: The syntax has no such value.
        """

    def is_only_change(self, before: str, after: str, keys: Sequence[str], value: Value) -> bool:
        """Return whether two texts mean the same except for the value at the keys, which is the new one in `after`.

        Raises:
            ValueError: A text does not have this syntax.
        """
        expected = self.load(before)
        replace_at(expected, keys, value)
        # `repr` distinguishes 1, 1.0 and True, and NaN has the same text as NaN.
        return repr(self.load(after)) == repr(expected)


class Toml(Syntax):
    """TOML 1.0, read with tomllib; tomlkit finds and spells the values."""

    name = "TOML"

    @override
    def load(self, text: str) -> object:
        return tomllib.loads(text)

    @override
    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        # tomlkit has no offsets. It replaces the value by a mark and keeps the text before and after it.
        import tomlkit
        from tomlkit.exceptions import TOMLKitError

        try:
            document = tomlkit.parse(text)
            replace_at(document, keys, _MARK)
        except TOMLKitError as error:
            raise LookupError(str(error)) from error
        marked = document.as_string()
        start = marked.index(f'"{_MARK}"')
        return start, len(text) - (len(marked) - start - len(_MARK) - 2)

    @override
    def spell(self, value: Value) -> str:
        import tomlkit

        return str(tomlkit.item(value).as_string())


class Json(Syntax):
    """JSON: of a key that an object has twice, the last one counts."""

    name = "JSON"

    @override
    def load(self, text: str) -> object:
        return json.loads(text)

    @override
    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        start = _skip(text, 0)
        for part in keys:
            # If a key is there twice, the last one counts.
            start = [at for key, at in self._children(text, start) if key == part][-1]
        return start, self._end(text, start)

    def _children(self, text: str, start: int) -> Iterator[tuple[str, int]]:
        """Yield the key (in lists, the index) and the offset of each value inside the brackets that open at `start`."""
        is_object = text[start] == "{"
        at = _skip(text, start + 1)
        for index in count():  # pragma: no branch (the loop ends by `return` at the last value)
            key = str(index)
            if is_object:
                key, end = _JSON.raw_decode(text, at)
                at = _skip(text, _skip(text, end) + len(":"))
            yield key, at
            at = _skip(text, self._end(text, at))
            if text[at] != ",":
                return
            at = _skip(text, at + 1)

    def _end(self, text: str, start: int) -> int:
        return _JSON.raw_decode(text, start)[1]

    @override
    def spell(self, value: Value) -> str:
        """Write a value in ASCII; JSON has neither NaN nor infinity."""
        return json.dumps(value, allow_nan=False)


_JSON = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    """Return the offset of the next character that is not white space of JSON."""
    while text[at] in " \t\r\n":
        at += 1
    return at


class Yaml(Syntax):
    """YAML 1.1: a value is replaced at its scalar, so its aliases change with it."""

    name = "YAML"

    @override
    def load(self, text: str) -> object:
        """Parse a document of YAML 1.1 with plain types only."""
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    @override
    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        import yaml

        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        for part in keys:
            if isinstance(node, yaml.SequenceNode):
                node = node.value[int(part)]
            else:
                # If a key is there twice, the last one counts. Keys that `<<: *other` merges are not in the list.
                node = [value for key, value in node.value if key.value == part][-1]
        start, end = node.start_mark.index, node.end_mark.index
        # Keep the anchor, to which other places refer, and the line end after a text of several lines.
        name = _ANCHOR.match(text, start, end)
        return name.end() if name else start, len(text[:end].rstrip())

    @override
    def is_only_change(self, before: str, after: str, keys: Sequence[str], value: Value) -> bool:
        """Return whether one scalar differs. The documents may differ in more places, at aliases of it."""
        changes = [(old, new) for old, new in zip_longest(_events(before), _events(after)) if old != new]
        return len(changes) <= 1 and repr(value_at(self.load(after), keys)) == repr(value)

    @override
    def spell(self, value: Value) -> str:
        """Write a value in ASCII for YAML 1.1."""
        if isinstance(value, float):
            return _yaml_float(value)
        # JSON escapes a character beyond U+FFFF by a surrogate pair, which YAML would read as two characters.
        return _PAIR.sub(lambda pair: rf"\U{_character(pair[0]):08x}", json.dumps(value))


def _character(escapes: str) -> int:
    """Return the code point of a character that JSON escapes in this way."""
    return ord(json.loads(f'"{escapes}"'))


_ANCHOR = re.compile(r"&\S+\s+")
_PAIR = re.compile(r"\\ud[89ab]..\\ud[cdef]..")


def _events(text: str) -> list[tuple[object, ...]]:
    """Return the events of a YAML parser. A scalar is one event, and so is an alias."""
    import yaml

    parts = ("anchor", "tag", "value")
    return [(type(event), *(getattr(event, part, None) for part in parts)) for event in yaml.parse(text)]


def _yaml_float(value: float) -> str:
    """Write a float for YAML 1.1, which reads `1e-05` as text: its floats need a point before the exponent."""
    mantissa, exponent, power = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power


def value_at(document: Any, keys: Sequence[str]) -> Any:
    """Return the value of a document at keys that exist."""
    for key in keys:
        document = document[int(key) if isinstance(document, list) else key]
    return document


def replace_at(document: Any, keys: Sequence[str], value: Value) -> None:
    """Set the value of a document at keys that exist."""
    *above, last = keys
    inner = value_at(document, above)
    inner[int(last) if isinstance(inner, list) else last] = value
