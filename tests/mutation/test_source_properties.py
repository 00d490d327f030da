"""A literal of a generated source is replaced: it has the new value, and every other byte stays."""

from __future__ import annotations

import ast
import codecs
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mutegreen.model import SourceSite
from mutegreen.mutation import sites, source
from mutegreen.mutation.text import TextFile

ENCODINGS = {
    "utf-8": ("", "utf-8", b""),
    "byte-order mark": ("", "utf-8", codecs.BOM_UTF8),
    "latin-1": ("# -*- coding: latin-1 -*-\n# café\n", "latin-1", b""),
    "wide": ("# 漢字 🐍\nэпоха = 'ü'\n", "utf-8", b""),
}
LINE_ENDS = ("\n", "\r\n", "\r")

TEMPLATES = (
    "{name}={space}@{comment}",
    "{name}: float =@",
    "a = {name} = b ={space}@ ; c = 1",
    "{name}, other =(@,{space}2)",
    "run(1, {name}={space}@, other=2){comment}",
    "run(\n    3,\n    @,{comment}\n)",
    "def f_{name}(x, {name}{space}=@, *, z=3): pass",
    "if True:\n\tdef g():\n\t\treturn (@)\n",
    "conf = {{'{name}':{space}@, 'z': 1}}",
    "conf['{name}'] = \\\n  @",
    "class C:\n\t{name} = @\n\tother: int = 3",
    "for {name} in range(0, @): pass",
    "y = x *{space}(@) ** (e // 3)",
    "y = 1 if x else @",
    "y = x -@ if x else[@@,1]",
    "f = lambda x, {name}=@: x + 1",
    "print(f'{{x}} 1 {{y!r:>3}}'); {name} = @",
    "{name} = [1, [@, 3], 'ü']",
    "#\nclass D:\n  {name}: int = field(default=@)",
    "with open(x, {name}=@) as y: y = {{x for x in (@@, x)}}",
    "try:\n  assert x, @\nexcept E: x += 1",
    "x[@@:], y = x[1][@], not x",
    "@f({name}=@)\ndef g(): yield 3",
    "if {name} > @: pass\nelif ({name} := @@): pass",
    "async def f_{name}(x):\n  async for i in x(@): await x(@@)",
    "{name} = {{**x, 'a': @}}; del x[1]",
)
LITERALS = ("0", "1_000", "0.1", "1e-4", ".5", "5.", "0x10", "-3", "+ 2", "'adam'", '"é"', "True", "None", "r'\\d'")

values = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(max_codepoint=255), max_size=4),
    st.lists(st.integers(0, 9), min_size=1, max_size=2),
)


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, str, str]:
    """A source, with lines ended by LF: what is before one of its literals, the literal, and what is after it."""
    parts = draw(st.lists(statements(), min_size=1, max_size=5))
    chosen = draw(st.integers(0, len(parts) - 1))
    before, literal, after = parts[chosen]
    whole = ["".join(part) for part in parts]
    first = "".join(f"{one}\n" for one in whole[:chosen])
    last = "".join(f"\n{one}" for one in whole[chosen + 1 :])
    return first + before, literal, after + last + draw(st.sampled_from(["", "\n"]))


@st.composite
def statements(draw: st.DrawFn) -> tuple[str, str, str]:
    template = draw(st.sampled_from(TEMPLATES))
    name = draw(st.sampled_from(["lr", "epochs", "größe", "_x1"]))
    space = draw(st.sampled_from(["", " ", "\t", "  "]))
    comment = draw(st.sampled_from(["", "  # 0.1 é", "# lr = 3"]))
    text = template.format(name=name, space=space, comment=comment).replace("@@", draw(st.sampled_from(LITERALS)))
    at = text.rindex("@")
    return text[:at], draw(st.sampled_from(LITERALS)), text[at + 1 :]


@given(
    program=programs(),
    encoding=st.sampled_from(list(ENCODINGS)),
    line_end=st.sampled_from(LINE_ENDS),
    value=values,
)
def test_one_literal_differs_and_every_other_byte_stays(
    program: tuple[str, str, str], encoding: str, line_end: str, value: Any
) -> None:
    head, codec, bom = ENCODINGS[encoding]
    before, literal, after = (part.replace("\n", line_end) for part in program)
    before = head.replace("\n", line_end) + before
    file = read(bom + (before + literal + after).encode(codec))
    assert (file.encoding, file.bom) == ({"latin-1": "iso-8859-1"}.get(codec, codec), bom)
    site = site_at(file, len(before))
    found = source.locate(file, site)
    assert found.value == ast.literal_eval(literal.strip())
    assert file.text[found.start : found.end] == literal
    changed = source.mutate(file, site, value)
    expected = [bom + f"{before}{text}{after}".encode(codec) for text in (repr(value), f"({value!r})")]
    assert changed.encode() in expected
    assert repr(source.locate(changed, site).value) == repr(value)


def read(raw: bytes) -> TextFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "train.py")
        path.write_bytes(raw)
        return TextFile.read(path, python=True)


def site_at(file: TextFile, start: int) -> SourceSite:
    """The site of the literal that begins there."""
    paths = sites.paths(sites.parse(file.text))
    path = next(path for node, path in paths.items() if file.offset(node.lineno, node.col_offset) == start)
    return SourceSite("train.py", f"train.py:{path}")
