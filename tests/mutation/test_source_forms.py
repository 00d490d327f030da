"""Parts of Python without a literal, or without a named one, next to one that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen.errors import MutationError
from mutegreen.model import SourceSite
from mutegreen.mutation import source

ONE_NAMED_LITERAL = (
    "def f(*, key, LR=0.1):\n    return\n",
    "lr: float\nLR: float = 0.1\n",
    "x = {1: 2, **y, 'LR': 0.1}\n",
    "x[y] = 3\nx[1:2] = 4\nf().z, LR = a, 0.1\n",
    "(x, *y) = z\nLR = 0.1\n",
    "x = -y\nLR = 0.1\n",
    "x = not True\nLR = 0.1\n",
    "x = f(**y, LR=0.1)\n",
    "while (LR := 0.1): pass\n",
)


@pytest.mark.parametrize("text", ONE_NAMED_LITERAL)
def test_the_only_literal_of_a_name_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.py").write_text(text)
    source.write(tmp_path, SourceSite("train.py", "LR"), 0.5)
    assert (tmp_path / "train.py").read_text() == text.replace("0.1", "0.5")


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("def f(*, key, rate=0.1):\n    return\n", "f/def(rate)", "def f(*, key, rate=7):\n    return\n"),
        ("lr: float\nlr: float = 0.1\n", "lr", "lr: float\nlr: float = 7\n"),
        ("x = f(**{'lr': 0.1})\n", "x=[lr]", None),
    ],
)
def test_sites_next_to_code_without_a_literal(tmp_path: Path, text: str, path: str, after: str | None) -> None:
    (tmp_path / "train.py").write_text(text)
    site = SourceSite("train.py", f"train.py:{path}")
    if after is None:
        with pytest.raises(MutationError, match="not found"):
            source.write(tmp_path, site, 7)
    else:
        source.write(tmp_path, site, 7)
        assert (tmp_path / "train.py").read_text() == after
