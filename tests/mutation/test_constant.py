"""Which literals are constants of their module, and whether the source may give these another value later."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen.model import SourceSite
from mutegreen.mutation.constant import Constant, constant


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("LR = 0.1\n", "LR", Constant("LR", rebound=False)),
        ("LR: float = 0.1\n", "LR", Constant("LR", rebound=False)),
        ("a = LR = 0.1\n", "LR", Constant("a", rebound=False)),
        ("if x:\n    LR = 0.1\n", "LR", Constant("LR", rebound=False)),
        ("LR = 0.1\nLR = f()\n", "LR", Constant("LR", rebound=True)),
        ("LR = 0.1\nLR += x\n", "LR", Constant("LR", rebound=True)),
        ("LR = 0.1\nfor LR in x: pass\n", "LR", Constant("LR", rebound=True)),
        ("LR = 0.1\ndef f():\n    global LR\n    LR = g()\n", "LR", Constant("LR", rebound=True)),
        ("LR = 0.1\ndef f():\n    LR = g()\n", "LR", Constant("LR", rebound=False)),
        ("LR = 0.1\nclass C:\n    LR = g()\n", "LR", Constant("LR", rebound=False)),
        ("def f():\n    LR = 0.1\n", "LR", None),
        ("class C:\n    LR: float = 0.1\n", "LR", None),
        ("x = f(LR=0.1)\n", "LR", None),
        ("conf.LR = 0.1\n", "LR", None),
        ("EPOCHS, LR = 3, 0.1\n", "LR", None),
        ("LR: float\nx = g(LR=0.1)\n", "LR", None),
        ("conf.x: float = 3\nLR = 0.1\n", "LR", Constant("LR", rebound=False)),
    ],
)
def test_a_constant_is_a_name_given_a_literal_as_the_module_is_loaded(
    tmp_path: Path, text: str, name: str, expected: Constant | None
) -> None:
    (tmp_path / "train.py").write_text(text)
    assert constant(tmp_path, SourceSite("train.py", name)) == expected
