"""Every benchmark runs at its smallest size and prints its tables; speed is not judged here."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from mutegreen.replication.published import CORRELATIONS, VERDICTS
from support.limits import PROCESS_S
from support.paths import ROOT
from support.tiny import environment

BENCHMARKS = ROOT / "benchmarks"
TESTED = {
    "attribution",
    "gpu_side_by_side.py",
    "harness_overhead.py",
    "metering",
    "parallel",
    "protocol",
    "published_study.py",
    "scale",
}
NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]\d+)?"

pytestmark = pytest.mark.slow
needs_compiler = pytest.mark.skipif(
    not (shutil.which("gcc") or shutil.which("cc")), reason="the simulated NVML is compiled from C"
)


def run(script: str, *words: object, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark as its documentation says."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *map(str, words)],
        cwd=ROOT,
        env=environment(OMP_NUM_THREADS="1", **variables),
        capture_output=True,
        text=True,
        timeout=PROCESS_S,
    )
    assert done.returncode == status, done.stderr
    return done


def markdown_tables(text: str) -> list[tuple[list[str], list[list[str]]]]:
    """Return the headings and rows of each table."""
    found: list[tuple[list[str], list[list[str]]]] = []
    before = ""
    for line in text.splitlines():
        if line.startswith("|") and not re.fullmatch(r"[|:-]+", line):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if before.startswith("|"):
                found[-1][1].append(cells)
            else:
                found.append((cells, []))
        before = line
    return found


def numbers(line: str) -> list[float]:
    return [float(word.replace(",", "")) for word in re.findall(rf"(?<![\w.]){NUMBER}", line)]


def columns(line: str, width: int = 14) -> list[str]:
    """Return the cells of a row whose columns have one width."""
    return [line[place : place + width].strip() for place in range(0, len(line), width)]


def test_none_is_forgotten() -> None:
    there = {path.name for path in BENCHMARKS.iterdir() if path.suffix == ".py" or (path / "__main__.py").exists()}
    assert there == TESTED


def test_scale() -> None:
    lines = run("scale", "--quick").stdout.splitlines()
    for kind in ("export", "bare"):
        (place,) = (number for number, line in enumerate(lines) if line.startswith(kind))
        assert lines[place].split()[1:] == [
            "wall",
            "s",
            "cpu",
            "s",
            "peak",
            "GB",
            "growth",
            "of",
            "wall,",
            "cpu,",
            "memory",
        ]
        first, second = (numbers(line) for line in lines[place + 1 : place + 3])
        assert (len(first), len(second)) == (4, 7), "rows, three costs, and three exponents from the second size on"
        assert (first[0], second[0]) == (1000, 2000)
        assert min(first[1:]) > 0
    package = ["cliffs-delta, on arrays", "cliffs-delta, on lists"] if importlib.util.find_spec("cliffs_delta") else []
    for name in ("cliffs_delta ", "cliffs_deltas, with interval", "all pairs, by numpy", *package):
        (row, *_) = (line for line in lines if name in line)
        assert len(numbers(row.partition(name)[2])) == 3, "milliseconds, and times each of ours"


def test_attribution() -> None:
    title, *rows = run("attribution", "--quick").stdout.splitlines()
    assert title.startswith("2 clients of 2 processes")
    names = [row[:28].strip() for row in rows]
    assert names == [
        "ledger.tick, meters and all",
        "its look at the processes",
        "psutil, resident memory",
        "psutil, proportional memory",
    ]
    assert all(re.fullmatch(rf"\s*{NUMBER} ms\s+{NUMBER}% of a core\s+{NUMBER} x", row[28:]) for row in rows)


def test_harness_overhead() -> None:
    title, *rows = run("harness_overhead.py", "--quick").stdout.splitlines()
    assert title == "1 rounds of 2 trials, median (smallest .. largest)"
    assert [row[:19].strip() for row in rows] == [
        "shell loop, a trial",
        "mutegreen, a trial",
        "harness, a trial",
        "ratio",
    ]
    for row in rows:
        median, smallest, largest = numbers(row[19:])
        assert median == smallest == largest, "of one round"


def test_parallel() -> None:
    lines = run("parallel", "--quick").stdout.splitlines()
    assert re.match(r"energy: .+; trials that ended ok: \[6\]", lines[0])
    assert columns(lines[1]) == [
        "way", "wall s", "ratio", "energy J", "ratio", "trial s", "trial J", "same verdicts",
    ]  # fmt: skip
    rows = [columns(line) for line in lines[2:4]]
    assert [row[0] for row in rows] == ["exclusive", "--jobs 2"]
    assert {len(row) for row in rows} == {8}
    assert rows[0][2] == rows[0][4] == "1.000"
    assert re.fullmatch(r"(\d+) of \1", rows[0][-1])


PROTOCOL = {
    "False alarms": (2, "noise", "careful, 3"),
    "Power": (1, "noise, repetitions", "1 % found"),
    "Recommendations": (1, "noise, repetitions", "none harmful, 1"),
    "Intervals": (2, "noise", "5: BCa"),
    "Minimum detectable effect": (1, "repetitions", "effect, gpu_j"),
}
"""For each part, the number of its tables, and two headings of the first."""


def test_protocol(tmp_path: Path) -> None:
    from_begin, to_end = "<!-- begin of benchmarks/protocol -->", "<!-- end of benchmarks/protocol -->"
    document = tmp_path / "statistics.md"
    document.write_text(f"before\n{from_begin}\nstale\n{to_end}\nafter\n")
    parts = re.split(r"^### ", run("protocol", "--quick", "--into", document).stdout, flags=re.MULTILINE)[1:]
    assert [part.splitlines()[0] for part in parts] == list(PROTOCOL)
    for part, (count, *heads) in zip(parts, PROTOCOL.values(), strict=True):
        tables = markdown_tables(part)
        assert len(tables) == count
        assert set(heads) <= set(tables[0][0])
        for first, rows in tables:
            assert rows
            assert {len(row) for row in rows} == {len(first)}
            assert all(re.match(rf"{NUMBER}|-$", cell) for row in rows for cell in row[1:])
    text = document.read_text()
    assert text.startswith(f"before\n{from_begin}\n\n### False alarms")
    assert text.endswith(f"{to_end}\nafter\n")
    assert "\nstale\n" not in text


METERING = {
    "1. Slowdown by estimate, rapl, nvml": ("load", "sampled at", "compared", "CPU seconds, %", "wall, %"),
    "2. The sampler's own CPU time": ("meters", "median (smallest .. largest)"),
    "3. Memory over": ("simulated minutes", "resident, KiB", "growth, KiB"),
    "4. Other tools on the same GPU": ("GPU", "tool", "CPU, %", "to ours", "CPU s to start", "measured to true energy"),
}


def tables_under(titles: Mapping[str, tuple[str, ...]], text: str) -> list[list[list[str]]]:
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    tables = markdown_tables(text)
    assert [tuple(heads) for heads, _ in tables] == list(titles.values())
    return [rows for _, rows in tables]


@needs_compiler
def test_metering() -> None:
    slowdown, sampler, memory, others = tables_under(METERING, run("metering", "--quick").stdout)
    assert {row[2] for row in slowdown} == {"on to off", "off to off"}
    assert len(sampler) == 8
    assert all(numbers(row[1]) for row in sampler)
    assert len(memory) == 7, "the beginning and six parts"
    ours = [row for row in others if row[1].startswith("mutegreen")]
    assert [row[0] for row in ours] == ["slow counter", "power alone"]
    for row in ours:
        assert numbers(row[5])[0] == pytest.approx(1, abs=0.5), "it read the simulated GPU and not another"


@needs_compiler
def test_gpu_side_by_side_on_a_simulated_gpu() -> None:
    done = run("gpu_side_by_side.py", "--fake", "--quick")
    ((heads, rows),) = markdown_tables(done.stdout)
    assert heads[:4] == ["load", "window, s", "nvml (counter), J", "power integrated / nvml (counter)"]
    assert heads[-1] == "nvml (counter) / true"
    assert [row[:2] for row in rows] == [["simulated bursts", "0.5"]]
    assert {len(row) for row in rows} == {len(heads)}
    assert numbers(rows[0][-1])[0] == pytest.approx(1, abs=0.5)


def test_gpu_side_by_side_says_in_one_line_that_there_is_no_gpu() -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("there is a GPU")
    done = run("gpu_side_by_side.py", "--quick", status=2)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("nvml: no NVIDIA driver here")
    assert "--fake" in done.stderr


def test_published_study(tmp_path: Path) -> None:
    run("published_study.py", "--into", tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([CORRELATIONS, VERDICTS])
    correlations, verdicts = (pd.read_csv(tmp_path / name) for name in (CORRELATIONS, VERDICTS))
    labels = ["subject", "background", "hyperparameter"]
    assert list(correlations) == [*labels, "metric", "n", "spearman", "spearman_p"]
    assert list(verdicts)[:3] == labels
    assert set(verdicts["verdict"]) == {"win", "tie", "loss"}
    assert min(len(correlations), len(verdicts)) > 0
