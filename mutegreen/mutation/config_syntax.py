"""The syntaxes of configs: where in a text a value stands, how one is written, and whether nothing else changed."""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import count, zip_longest
from typing import Any, ClassVar

from mutegreen.model import Value

_MARK = "\u2402mutegreen\u2403"


class Syntax(ABC):
    """A syntax of configs. Keys are those from the top of a document down to a value, of lists the indices.

    Attributes:
        name: Its name in messages.
    """

    name: ClassVar[str]

    @abstractmethod
    def load(self, text: str) -> object:
        """The document.

        Raises:
            ValueError: The text is not of this syntax.
        """

    @abstractmethod
    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        """First character of the value, and the one after its last; the keys are known to exist.

        Raises:
            LookupError: The value does not stand under these keys, but is taken from elsewhere in the file.
        """

    @abstractmethod
    def spell(self, value: Value) -> str:
        """A value as text.

        Raises:
            ValueError: The syntax has no such value.
        """

    def is_only_change(self, before: str, after: str, keys: Sequence[str], value: Value) -> bool:
        """Whether two texts mean the same but for the value at the keys.

        Raises:
            ValueError: One of them is not of this syntax.
        """
        expected = self.load(before)
        replace_at(expected, keys, value)
        # The texts of documents tell 1, 1.0 and True apart, and take NaN as equal to itself.
        return repr(self.load(after)) == repr(expected)


class Toml(Syntax):
    """TOML."""

    name = "TOML"

    def load(self, text: str) -> object:
        """The document, as the standard library reads it."""
        return tomllib.loads(text)

    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        """The place, from what tomlkit keeps before and after a value when it replaces it."""
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

    def spell(self, value: Value) -> str:
        """A value as tomlkit spells it."""
        import tomlkit

        return str(tomlkit.item(value).as_string())


class Json(Syntax):
    """JSON."""

    name = "JSON"

    def load(self, text: str) -> object:
        """The document."""
        return json.loads(text)

    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        """The place, found by decoding what stands before it."""
        start = _skip(text, 0)
        for part in keys:
            # Of a key that is there twice the last counts.
            start = [at for key, at in self._children(text, start) if key == part][-1]
        return start, self._end(text, start)

    def _children(self, text: str, start: int) -> Iterator[tuple[str, int]]:
        """Key (of a list the index) and first character of each value in the brackets that open at `start`."""
        is_object = text[start] == "{"
        at = _skip(text, start + 1)
        for index in count():  # pragma: no branch (it has no end; the last value returns)
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

    def spell(self, value: Value) -> str:
        """A value in ASCII; JSON has neither NaN nor infinity."""
        return json.dumps(value, allow_nan=False)


_JSON = json.JSONDecoder()


def _skip(text: str, at: int) -> int:
    """The first character from there on that is no white space of JSON."""
    while text[at] in " \t\r\n":
        at += 1
    return at


class Yaml(Syntax):
    """YAML."""

    name = "YAML"

    def load(self, text: str) -> object:
        """The document, of YAML 1.1 and its plain types only."""
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    def span(self, text: str, keys: Sequence[str]) -> tuple[int, int]:
        """The place, as the composer tells it."""
        import yaml

        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        for part in keys:
            if isinstance(node, yaml.SequenceNode):
                node = node.value[int(part)]
            else:
                # Of a key that is there twice the last counts; one that `<<: *other` brings is not among them.
                node = [value for key, value in node.value if key.value == part][-1]
        start, end = node.start_mark.index, node.end_mark.index
        # The name that other places refer to stays, and so does the line end behind a text in several lines.
        name = _ANCHOR.match(text, start, end)
        return name.end() if name else start, len(text[:end].rstrip())

    def is_only_change(self, before: str, after: str, keys: Sequence[str], value: Value) -> bool:
        """Whether one scalar differs: documents may differ in more places, where aliases refer to it."""
        changes = [(old, new) for old, new in zip_longest(_events(before), _events(after)) if old != new]
        return len(changes) <= 1 and repr(value_at(self.load(after), keys)) == repr(value)

    def spell(self, value: Value) -> str:
        """A value in ASCII, as YAML 1.1 reads it."""
        if isinstance(value, float):
            return _yaml_float(value)
        # A character beyond U+FFFF is two escapes in JSON, and those are two characters in YAML.
        return _PAIR.sub(lambda pair: rf"\U{_character(pair[0]):08x}", json.dumps(value))


def _character(escapes: str) -> int:
    """The number of the character that JSON escapes like this."""
    return ord(json.loads(f'"{escapes}"'))


_ANCHOR = re.compile(r"&\S+\s+")
_PAIR = re.compile(r"\\ud[89ab]..\\ud[cdef]..")


def _events(text: str) -> list[tuple[object, ...]]:
    """What a YAML parser meets, one after the other: a value is one event, and so is a reference to one."""
    import yaml

    parts = ("anchor", "tag", "value")
    return [(type(event), *(getattr(event, part, None) for part in parts)) for event in yaml.parse(text)]


def _yaml_float(value: float) -> str:
    """YAML 1.1 takes `1e-05` for a text: its floats need a point before the exponent."""
    mantissa, exponent, power = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power


def value_at(document: Any, keys: Sequence[str]) -> Any:
    """What a document has at keys that it has."""
    for key in keys:
        document = document[int(key) if isinstance(document, list) else key]
    return document


def replace_at(document: Any, keys: Sequence[str], value: Value) -> None:
    """Sets the value at keys that a document has."""
    *above, last = keys
    inner = value_at(document, above)
    inner[int(last) if isinstance(inner, list) else last] = value
