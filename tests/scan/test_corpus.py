"""The labelled corpus: the labels are well-formed, and the scanner finds the labelled literals."""

import ast
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from corpus.judge import ScanJudgement, judge, judge_part, run_command, tally
from corpus.labels import HERE, PARTS, SEVEN, CorpusLabel, Labelled, Region, label_files, read_labels, script_file
from corpus.score import report
from mutegreen.model import Kind
from mutegreen.scan.finding import Form

FILES = [file for part in PARTS for file in label_files(part)]
NAMES = [f"{file.parent.name}/{file.stem}" for file in FILES]
SCRIPTS = os.environ.get("MUTEGREEN_CORPUS")

# Other people's scripts have "\d" in plain strings; Python warns of it whenever it parses them.
odd_escapes = pytest.mark.filterwarnings("ignore:invalid escape sequence")
needs_scripts = pytest.mark.skipif(
    not SCRIPTS, reason="MUTEGREEN_CORPUS=FOLDER names no folder for the scripts of the corpus"
)


@cache
def judged(part: str) -> list[ScanJudgement]:
    return judge_part(part, Path(SCRIPTS or ""))


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_labels_are_well_formed(file: Path) -> None:
    script = read_labels(file)
    assert re.fullmatch(r"[0-9a-f]{40}", script.commit)
    assert re.fullmatch(r"[0-9a-f]{64}", script.sha256)
    assert re.fullmatch(r"[^/]+/[^/]+", script.repository)
    places = [entry.line * 1000 + entry.column for entry in regions(script) if entry.column is not None]
    assert len(places) == len(set(places))
    for label in script.labels:
        assert label.kind not in label.also
        assert label.flag.startswith("-") if label.form in (Form.ARGPARSE, Form.FLAG) else True
        assert not isinstance(label.value, dict)


def regions(script: Labelled) -> list[CorpusLabel | Region]:
    return [*script.labels, *script.traps, *script.doubtful]


def test_no_script_is_in_the_repository() -> None:
    assert {file.name for file in HERE.rglob("*.py")} == {"labels.py", "judge.py", "score.py"}


def test_the_parts_share_no_repository() -> None:
    dev, heldout, fresh = ({read_labels(file).repository for file in label_files(part)} for part in PARTS)
    assert not dev & heldout
    assert not fresh & (dev | heldout)


EXAMPLE = Labelled(
    *("dev", "example", "a/b", "", "", "", "torch", ""),
    labels=(
        CorpusLabel(1, 5, 0.1, Kind.LEARNING_RATE, "lr", Form.CONSTANT, ""),
        CorpusLabel(2, 9, 30, Kind.EPOCHS, "epochs", Form.CONSTANT, ""),
        CorpusLabel(3, 4, 0.9, Kind.BETA1, "b1", Form.CONSTANT, ""),
        CorpusLabel(4, 4, 7, Kind.OTHER, "patience", Form.CONSTANT, "", also=(Kind.STEP_SIZE,)),
    ),
    traps=(Region(10, 3, note="of BatchNorm"),),
    doubtful=(Region(20, last_line=22, kinds=(Kind.HIDDEN,)),),
)


def found(line: int, column: int, kind: str) -> dict[str, object]:
    return {"name": "x", "kind": kind, "value": 1, "line": line, "column": column, "form": "constant", "flag": None}


def test_hits_misses_and_false_alarms_are_counted() -> None:
    findings = [
        found(1, 5, "learning_rate"),  # right
        found(3, 4, "momentum"),  # a wrong kind: misses beta1 and is a false alarm
        found(4, 4, "step_size"),  # another kind that the label admits
        found(10, 3, "momentum"),  # fell into the trap
        found(10, 3, "other"),  # at the trap, but none of the seven
        found(21, 0, "hidden"),  # doubtful
        found(21, 0, "dropout"),  # doubtful for `hidden` only
    ]
    judgement = judge(EXAMPLE, findings, [found(2, 9, "epochs")])
    assert [label.name for label, _ in judgement.hits] == ["lr", "patience"]
    assert [(label.name, why) for label, why in judgement.misses] == [
        ("epochs", "unsure"),
        ("b1", "reported as momentum"),
    ]
    assert [(f["line"], f["kind"]) for f in judgement.false_alarms] == [
        (3, "momentum"),
        (10, "momentum"),
        (21, "dropout"),
    ]
    all_kinds, seven = tally([judgement]), tally([judgement], SEVEN)
    assert (all_kinds.recall, all_kinds.precision) == (2 / 4, 2 / 5)
    assert (seven.recall, seven.precision) == (1 / 2, 1 / 4)
    text = report([judgement])
    assert "Misses: 2, of them 1 listed as unsure" in text
    assert "dev/example.py:10:3 x = 1 (momentum, constant): a trap, of BatchNorm" in text
    assert "patience: 7, found 1" in text


@needs_scripts
@odd_escapes
@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_each_label_is_the_literal_at_its_place(file: Path) -> None:
    script = read_labels(file)
    source = script_file(script, Path(SCRIPTS or "")).read_bytes().decode("utf-8-sig")
    for entry in regions(script):
        if entry.column is not None:
            assert value_at(source, entry.line, entry.column) == entry.value, entry


def value_at(source: str, line: int, column: int) -> object:
    node = literals(source)[line, column]
    value = ast.literal_eval(node)
    return list(value) if isinstance(value, tuple) else value


def literals(source: str) -> dict[tuple[int, int], ast.expr]:
    """By line and column. Outer nodes come first: at a tuple without brackets, its first element remains."""
    lines = re.split(r"\r\n|\r|\n", source)
    kinds = (ast.Constant, ast.UnaryOp, ast.List, ast.Tuple)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return {(n.lineno, len(lines[n.lineno - 1].encode()[: n.col_offset].decode())): n for n in nodes}


@needs_scripts
@odd_escapes
@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_mutant_of_each_label_differs_only_in_that_literal(part: str) -> None:
    for judgement in judged(part):
        file = script_file(judgement.script, Path(SCRIPTS or ""))
        original = file.read_bytes()
        for label, finding in judgement.hits:
            value = another(label.value)
            mutant = run_command(["mutate", str(file), "--site", finding["site"], "--value", str(value)])
            begin, end = span(original, label)
            assert mutant.startswith(original[:begin]), label
            assert mutant.endswith(original[end:]), label
            assert ast.literal_eval(mutant[begin : len(mutant) - len(original) + end].decode()) == value, label


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [*value, 777]
    return value + 1 if isinstance(value, int) else value * 3 + 0.5


def span(script: bytes, label: CorpusLabel) -> tuple[int, int]:
    """Where the literal begins and ends, in bytes."""
    source = script.decode("utf-8-sig")
    node = literals(source)[label.place]
    lines = source.encode().splitlines(keepends=True)
    mark = len(script) - len(source.encode())
    begin = mark + sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    return begin, begin + len(ast.get_source_segment(source, node).encode())


@needs_scripts
@pytest.mark.parametrize("part", PARTS)
def test_the_scanner_finds_the_labelled_literals(part: str) -> None:
    seven = tally(judged(part), SEVEN)
    assert seven.recall >= 0.95, report(judged(part))
    assert seven.precision >= 0.95, report(judged(part))
