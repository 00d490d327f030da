"""The README quotes what the program prints, and names all commands."""

import re
import shutil
from pathlib import Path

from mutegreen.cli.main import COMMANDS
from support.commands import Run
from support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```\w*\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def block_with(text: str) -> list[str]:
    """Return the lines of the one code block that holds the text."""
    (block,) = (content for content in BLOCKS if text in content)
    return block.splitlines()


def without_comment(line: str) -> str:
    return re.sub(r"\s+#.*", "", line)


def test_the_quoted_recommendations_are_what_stats_prints() -> None:
    command = re.search(r"`mutegreen (stats --csv \S+)`", README)
    assert command is not None
    printed = [line.rstrip() for line in Run(ROOT)(*command[1].split(), COLUMNS="80").stdout.splitlines()]
    quoted = block_with("Recommended mutants")
    begin = printed.index(quoted[0])
    assert printed[begin : begin + len(quoted)] == quoted


def test_the_headings_of_the_quoted_demo_are_those_that_stats_prints() -> None:
    printed = Run(ROOT)("stats", "--csv", "tests/data/measurements.csv", COLUMNS="80").stdout
    headings = [line for line in block_with("each further epoch") if re.match(r"(Correlation|Trends)", line)]
    assert len(headings) == 2
    for heading in headings:
        assert re.sub(r" \(\d+ trials each\)", "", heading) in printed


def test_the_quoted_draft_is_what_init_writes(tmp_path: Path) -> None:
    shutil.copy(ROOT / "subjects/siamese_resnet/train.py", tmp_path)
    assert Run(tmp_path)("init", "train.py").returncode == 0
    written = (tmp_path / "subject.toml").read_text(encoding="utf-8").splitlines()
    for line in block_with('command = "{python} train.py"'):
        assert without_comment(line) in map(without_comment, written)
        assert all(place in "\n".join(written) for place in re.findall(r"train\.py:\d+", line))


def test_every_command_has_a_line() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `mutegreen"))
    assert set(re.findall(r"`mutegreen (\w+)", table)) == set(COMMANDS)
