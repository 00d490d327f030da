"""`mutegreen mutate`: exactly one literal changes, and every other byte of a source stays."""

from __future__ import annotations

import ast
import codecs
import io
import itertools
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mutegreen.cli.main import cli
from mutegreen.errors import MutationError
from mutegreen.model import SourceSite
from mutegreen.mutation import source
from mutegreen.mutation.text import TextFile
from mutegreen.scan.finding import Finding
from mutegreen.scan.scanner import scan
from support.marked import unmarked
from support.scan_idioms import IDIOMS

ENCODINGS = {
    "utf-8": ("", "utf-8", b""),
    "byte-order mark": ("", "utf-8", codecs.BOM_UTF8),
    "latin-1": ("# -*- coding: latin-1 -*-\n# café\n", "latin-1", b""),
    "cp1252": ("# coding: cp1252\n# 5 €\n", "cp1252", b""),
    "wide": ("# 漢字 🐍\nэпоха = 'ü'\n", "utf-8", b""),
}
LINE_ENDS = {"unix": "\n", "windows": "\r\n", "old mac": "\r"}


def mutated(script: Path, site: str, value: str) -> bytes:
    result = CliRunner().invoke(cli, ["mutate", str(script), "--site", site, "--value", value], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout_bytes


def token_at(text: str, line: int, column: int) -> tuple[int, int]:
    """Start and end of the literal by the tokenizer; a sign or bracket begins several tokens."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    starts = [0]
    for one in io.StringIO(text, newline="").read().split("\n"):
        starts.append(starts[-1] + len(one) + 1)
    first = next(i for i, token in enumerate(tokens) if token.start == (line, column))
    last = first
    if tokens[first].string == "-":
        last += 1
    while tokens[first].string in "[(" and tokens[last].string not in "])":
        last += 1
    (end_line, end_column) = tokens[last].end
    return starts[line - 1] + column, starts[end_line - 1] + end_column


COMBINATIONS = list(itertools.product(ENCODINGS, LINE_ENDS, [True, False]))


@pytest.mark.parametrize(("number", "combination"), list(enumerate(COMBINATIONS)))
def test_each_finding_is_the_only_difference_of_its_mutant(
    tmp_path: Path, number: int, combination: tuple[str, str, bool]
) -> None:
    """Each way of writing a file with four idioms, and each idiom; the property below draws what goes with what."""
    encoding, line_end, final_newline = combination
    assert len(COMBINATIONS) >= len(IDIOMS)
    names = sorted(IDIOMS)
    for name in (names[(number + step) % len(names)] for step in (0, 7, 14, 21)):
        for finding, expected in mutants(tmp_path / "train.py", name, encoding, line_end, final_newline):
            assert mutated(tmp_path / "train.py", finding.site, _value(finding)) == expected, finding


@given(
    name=st.sampled_from(sorted(IDIOMS)),
    encoding=st.sampled_from(list(ENCODINGS)),
    line_end=st.sampled_from(list(LINE_ENDS)),
    final_newline=st.booleans(),
)
def test_each_finding_of_a_source_in_any_encoding_is_the_only_difference_of_its_mutant(
    name: str, encoding: str, line_end: str, final_newline: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "train.py")
        for finding, expected in mutants(script, name, encoding, line_end, final_newline):
            site, value = SourceSite("train.py", finding.site), ast.literal_eval(_spelled(finding))
            assert source.mutate(TextFile.read(script, python=True), site, value).encode() == expected, finding


def mutants(
    script: Path, name: str, encoding: str, line_end: str, final_newline: bool
) -> Iterator[tuple[Finding, bytes]]:
    """Writes an idiom; yields each finding in it, and what its mutant must be."""
    head, codec, bom = ENCODINGS[encoding]
    text = head + unmarked(IDIOMS[name])[0].replace("    ", "\t")
    text = text if final_newline else text.rstrip("\n")
    script.write_bytes(bom + text.replace("\n", LINE_ENDS[line_end]).encode(codec))
    found = scan(script)
    for finding in (*found.hyperparameters, *found.unsure):
        start, end = token_at(text, finding.line, finding.column)
        new = text[:start] + _spelled(finding) + text[end:]
        yield finding, bom + new.replace("\n", LINE_ENDS[line_end]).encode(codec)


def _value(finding: Finding) -> str:
    return "[7, 8]" if isinstance(finding.value, list) else "0.123"


def _spelled(finding: Finding) -> str:
    return repr("0.123") if isinstance(finding.value, str) else _value(finding)


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("y = x *0.1if x else 2", "3", "y = x *(3)if x else 2"),
        ("y = 0.5 ** x", "-0.5", "y = (-0.5) ** x"),
        ("lr = '0.1'", "0.2", "lr = '0.2'"),
        ("steps = [1, 2]", "[3]", "steps = [3]"),
        ("flag = True", "false", "flag = False"),
        ("n = 3", "adam", "n = 'adam'"),
    ],
)
def test_a_value_is_spelled_as_a_token_of_its_own(tmp_path: Path, before: str, value: str, after: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(before)
    site = {"y = x": "y#1of2", "y = 0": "y", "lr": "lr", "steps": "steps", "flag": "flag", "n": "n"}
    path = next(path for start, path in site.items() if before.startswith(start))
    assert mutated(script, f"train.py:{path}", value).decode() == after


@pytest.mark.parametrize("value", ["1e999", "float('nan')".replace("'", '"') + "\0"])
def test_what_python_cannot_read_is_refused(tmp_path: Path, value: str) -> None:
    script = tmp_path / "train.py"
    script.write_text("lr = 0.1\n")
    if value == "1e999":
        with pytest.raises(MutationError, match=r"line 1: inf cannot be placed here: lr = 0\.1"):
            mutated(script, "train.py:lr", value)
    else:
        assert mutated(script, "train.py:lr", value).startswith(b"lr = 'float")


def test_a_character_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_bytes("# coding: latin-1\nname = 'é'\n".encode("latin-1"))
    with pytest.raises(MutationError, match="cannot be placed here"):
        mutated(script, "train.py:name", "漢")


def test_a_missing_site_shows_the_nearest_line(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("def main():\n    learning_rate = 0.1\n")
    site = "train.py:main/learning_rate"
    assert b"0.5" in mutated(script, site, "0.5")
    script.write_text("def main():\n    learning_rates = 0.1\n")
    with pytest.raises(MutationError, match=r"not found; nearest is .* in line 2: learning_rates = 0\.1"):
        mutated(script, site, "0.5")


def test_a_site_that_became_ambiguous_shows_all_lines(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("lr = 0.1\nlr = 0.2\n")
    with pytest.raises(MutationError, match=r"2 literals: line 1: lr = 0\.1; line 2: lr = 0\.2"):
        mutated(script, "train.py:lr", "1")
    assert mutated(script, "train.py:lr#2of2", "1") == b"lr = 0.1\nlr = 1\n"
    script.write_text("lr = 0.1\nlr = 0.15\nlr = 0.2\n")
    with pytest.raises(MutationError, match="3 literals"):
        mutated(script, "train.py:lr#2of2", "1")


def test_sites_stay_when_lines_move(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import os\n\n\ndef main():\n    x = 3\n    opt = SGD(p, lr=0.1, m=0.9)\n")
    assert b"lr=7, m=0.9" in mutated(script, "train.py:main/opt=SGD(lr)", "7")
    script.write_text("def main():\n    opt = SGD(p,\n      m=0.8, lr=0.1)\n")
    assert b"m=0.8, lr=7)" in mutated(script, "train.py:main/opt=SGD(lr)", "7")


def test_a_subject_can_name_a_scanned_site(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("lr = 0.1\ndef main(lr=0.2): pass\nmain(lr=0.3)\n")
    site = SourceSite("train.py", "train.py:main/def(lr)")
    assert source.read(tmp_path, site) == 0.2
    source.write(tmp_path, site, 0.7)
    assert (tmp_path / "train.py").read_text() == "lr = 0.1\ndef main(lr=0.7): pass\nmain(lr=0.3)\n"


def test_a_config_is_mutated_like_a_source(tmp_path: Path) -> None:
    (tmp_path / "conf.yaml").write_bytes(b"optim:\r\n  lr: 0.1  # rate\r\n")
    assert mutated(tmp_path / "train.py", "conf.yaml:optim.lr", "0.5") == b"optim:\r\n  lr: 0.5  # rate\r\n"
