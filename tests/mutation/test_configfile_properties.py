"""A config file of any layout: one value changes, every other byte stays, and the new value is read back."""

from __future__ import annotations

import copy
import json
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mutegreen.errors import MutationError
from mutegreen.model import ConfigSite
from mutegreen.mutation import configfile

LOADERS: dict[str, Callable[[str], Any]] = {"toml": tomllib.loads, "json": json.loads, "yaml": yaml.safe_load}
SLOT = "\0"
"""Marks the value that will change: no config allows this character."""

characters = st.characters(exclude_categories=["Cs"])
plain_keys = st.sampled_from(["lr", "optim", "sizes", "a-b", "x_1", "lr2", "7", "é", "🐍", "a/b", "true"])
keys = st.one_of(plain_keys, st.text(characters, min_size=1, max_size=3)).filter(lambda key: "." not in key)
values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e-05, 1e22, -0.0, 1e16, 5e-324]),
    st.booleans(),
    st.text(characters, max_size=5),
    st.sampled_from(["🐍", "é", "'\"\\", "# no", "- x", "null", "1e3", "a: b", "\x85\u2028", "\n"]),
)
leaves = st.one_of(st.integers(-9, 99), st.sampled_from([0.1, -2.5, True, False, "adam", "é", "", "a # b"]))
trees = st.dictionaries(
    keys,
    st.recursive(
        leaves, lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=5
    ),
    min_size=1,
    max_size=4,
)


def paths(tree: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all plain values."""
    if isinstance(tree, dict):
        return [path for key, part in tree.items() for path in paths(part, (*above, key))]
    if isinstance(tree, list):
        return [path for at, part in enumerate(tree) for path in paths(part, (*above, at))]
    return [above]


class Spelling:
    """Writes a tree in a layout that is drawn, with a slot at one place."""

    def __init__(self, draw: Any, chosen: tuple[Any, ...]) -> None:
        self.draw, self.chosen = draw, chosen

    def one_of(self, *ways: str) -> str:
        return str(self.draw(st.sampled_from(ways)))

    def leaf(self, value: Any, path: tuple[Any, ...]) -> str:
        return SLOT if path == self.chosen else self.plain(value)

    def plain(self, value: Any) -> str:
        return quoted(value) if isinstance(value, str) else json.dumps(value)

    def text(self, tree: Any, path: tuple[Any, ...] = ()) -> str:
        """Spell a tree whose place in the whole is `path`."""
        raise NotImplementedError


def quoted(text: str) -> str:
    """A text in double quotes, as TOML and YAML read it."""
    escaped = [c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in text]
    return f'"{"".join(escaped)}"'


class JsonSpelling(Spelling):
    def plain(self, value: Any) -> str:
        spelled = json.dumps(value, ensure_ascii=self.draw(st.booleans()))
        return spelled.replace("/", "\\/") if self.draw(st.booleans()) else spelled

    def gap(self) -> str:
        return self.one_of("", " ", "\n  ", "\n\n", "\r\n\t")

    def text(self, tree: Any, path: tuple[Any, ...] = ()) -> str:
        if isinstance(tree, dict):
            parts = [
                f"{self.plain(key)}{self.gap()}:{self.gap()}{self.text(part, (*path, key))}"
                for key, part in tree.items()
            ]
        elif isinstance(tree, list):
            parts = [self.text(part, (*path, at)) for at, part in enumerate(tree)]
        else:
            return self.leaf(tree, path)
        inside = ",".join(f"{self.gap()}{part}{self.gap()}" for part in parts)
        return f"{{{inside}}}" if isinstance(tree, dict) else f"[{inside}]"


class YamlFlow(JsonSpelling):
    """Brackets as in JSON."""

    def plain(self, value: Any) -> str:
        return Spelling.plain(self, value)

    def gap(self) -> str:
        return self.one_of("", " ")


class YamlSpelling(YamlFlow):
    """Blocks with comments, and brackets within them."""

    def text(self, tree: Any, path: tuple[Any, ...] = ()) -> str:
        lines = [self.one_of("# top", "---", ""), *self.block(tree, path, "")]
        return "\n".join(lines) + self.one_of("", "\n", "\n# e")

    def block(self, tree: Any, path: tuple[Any, ...], indent: str) -> list[str]:
        lines: list[str] = []
        items = enumerate(tree) if isinstance(tree, list) else tree.items()
        for key, part in items:
            inner = (*path, key)
            head = f"{indent}-" if isinstance(tree, list) else f"{indent}{self.key(str(key))}{self.one_of('', ' ')}:"
            if isinstance(part, (dict, list)) and part and self.draw(st.booleans()):
                lines += [head + self.one_of("", "  # why"), *self.block(part, inner, indent + self.one_of(" ", "   "))]
            else:
                flow = YamlFlow(self.draw, self.chosen).text(part, inner)
                lines.append(f"{head} {flow}{self.one_of('', '  # 0.1 é', ' ')}")
            lines += self.draw(st.sampled_from([[], [""], ["# between"]]))
        return lines

    def key(self, key: str) -> str:
        return key if key in {"lr", "optim", "é"} and self.draw(st.booleans()) else self.plain(key)


class TomlSpelling(Spelling):
    def space(self) -> str:
        return self.one_of("", " ", "  ", "\t")

    def key(self, key: str) -> str:
        bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        return key if bare and self.draw(st.booleans()) else self.plain(key)

    def entry(self, key: str, value: Any, path: tuple[Any, ...]) -> str:
        return f"{key}{self.space()}={self.space()}{self.value(value, path)}"

    def value(self, tree: Any, path: tuple[Any, ...]) -> str:
        if isinstance(tree, dict):
            parts = [self.entry(self.key(key), part, (*path, key)) for key, part in tree.items()]
            return "{" + ",".join(f"{self.space()}{part}{self.space()}" for part in parts) + "}"
        if isinstance(tree, list):
            gaps = [self.one_of("", " ", "\n  ", "  # é 0.1\n") for _ in tree]
            parts = [
                f"{gap}{self.value(part, (*path, at))}" for at, (gap, part) in enumerate(zip(gaps, tree, strict=True))
            ]
            return f"[{','.join(parts)}{self.one_of('', ',') if parts else ''}]"
        return self.leaf(tree, path)

    def text(self, tree: Any, path: tuple[Any, ...] = ()) -> str:
        return self.one_of("", "# top\n") + self.table(tree, path)

    def table(self, tree: dict[str, Any], path: tuple[Any, ...]) -> str:
        """Its values, then the tables in it that have a header of their own; of the rest some have dotted keys."""
        end = self.one_of("\n", "  # why\n", "\n\n")
        here, below = "", ""
        for key, part in tree.items():
            inner = (*path, key)
            if isinstance(part, dict) and self.draw(st.booleans()):
                below += f"[{'.'.join(self.key(k) for k in inner)}]{end}{self.table(part, inner)}"
            elif isinstance(part, dict) and part and self.draw(st.booleans()):
                for name, value in part.items():
                    here += self.entry(f"{self.key(key)}.{self.key(name)}", value, (*inner, name)) + end
            else:
                here += self.entry(self.key(key), part, inner) + end
        return here + below


SPELLINGS: dict[str, type[Spelling]] = {"json": JsonSpelling, "yaml": YamlSpelling, "toml": TomlSpelling}


@st.composite
def cases(draw: st.DrawFn, kind: str) -> tuple[Any, tuple[Any, ...], str]:
    """A tree, the place of a value in it, and its text with a slot there."""
    tree = draw(trees.filter(paths))
    chosen = draw(st.sampled_from(paths(tree)))
    text = SPELLINGS[kind](draw, chosen).text(tree)
    return tree, chosen, text.replace("\r\n", "\n").replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def with_value(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(tree)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def written(kind: str, text: str, key: str, value: Any) -> tuple[Any, str]:
    """The value at a key before a change, and the text after it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"conf.{kind}")
        file.write_bytes(text.encode())
        site = ConfigSite(file.name, key)
        before = configfile.read(Path(folder), site)
        configfile.write(Path(folder), site, value)
        return before, file.read_bytes().decode()


@pytest.mark.parametrize("kind", SPELLINGS)
@settings(max_examples=60)
@given(data=st.data(), value=values)
def test_one_value_changes_and_every_other_byte_stays(kind: str, data: st.DataObject, value: Any) -> None:
    tree, path, text = data.draw(cases(kind))
    head, tail = text.split(SLOT)
    old = SPELLINGS[kind](data.draw, ()).plain(at(tree, path))
    original = head + old + tail
    assert LOADERS[kind](original) == tree
    before, after = written(kind, original, ".".join(map(str, path)), value)
    assert before == at(tree, path)
    assert after.startswith(head)
    assert after.endswith(tail)
    # `repr` distinguishes 1, 1.0 and True, also where they are parts of the whole.
    assert repr(LOADERS[kind](after)) == repr(with_value(LOADERS[kind](original), path, value))


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("a: &x 0.1\nb: *x\n", "a", "a: &x 3\nb: *x\n"),
        ("a: &x 0.1\nb: *x\n", "b", "a: &x 3\nb: *x\n"),
        ("base: &b {lr: 0.1}\nt:\n  <<: *b\n", "base.lr", "base: &b {lr: 3}\nt:\n  <<: *b\n"),
        ("a: |\n  hi\n  you\nb: 1\n", "a", "a: 3\nb: 1\n"),
        ("a: >-\n  hi\n\n# c\nb: 1\n", "a", "a: 3\n\n# c\nb: 1\n"),
        ("a: hi\n  you  # c\nb: 1", "a", "a: 3  # c\nb: 1"),
        ("a: 1\na: 2\n", "a", "a: 1\na: 3\n"),
        ("a: !!int '7'\n", "a", "a: 3\n"),
    ],
)
def test_further_forms_of_yaml(before: str, key: str, after: str) -> None:
    assert written("yaml", before, key, 3)[1] == after


def test_of_a_key_that_json_has_twice_the_last_counts() -> None:
    assert written("json", '{"a": 1, "b": 5, "a": 2}', "a", 3) == (2, '{"a": 1, "b": 5, "a": 3}')


def test_an_array_of_tables_has_indices() -> None:
    text = "[[group]]\nlr = 1  # first\n[[group]]\nlr = 2\n"
    assert written("toml", text, "group.0.lr", 3) == (1, text.replace("1", "3"))


@pytest.mark.parametrize(
    ("kind", "text", "key", "value", "message"),
    [
        ("yaml", "base: &b {lr: 0.1}\nt:\n  <<: *b\n", "t.lr", 3, "the value of t.lr is defined elsewhere in the file"),
        ("yaml", "a: ! 0.1\n", "a", float("inf"), "inf cannot be placed at a"),
        ("json", '{"a": 1}', "a", float("inf"), "inf cannot be placed at a"),
        ("json", '{"a": 1}', "a", float("nan"), "nan cannot be placed at a"),
        ("toml", "a = 1\n", "a", "\ud800", "cannot be placed at a"),
    ],
)
def test_a_value_that_cannot_be_changed_separately_is_refused(
    kind: str, text: str, key: str, value: Any, message: str
) -> None:
    with pytest.raises(MutationError, match=message):
        written(kind, text, key, value)
