"""Load the subjects that read digits as modules: torch is imported once, which saves seconds in every test."""

from __future__ import annotations

import importlib.util
import re
import struct
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from support.subject_scripts import load_script

EPOCH = re.compile(
    r"^epoch +(?P<epoch>\d+)/(?P<epochs>\d+)  train loss (?P<loss>\S+)"
    r"  test accuracy (?P<printed>\d\.\d{4}) \((?P<value>\d+)/(?P<of>\d+)\)$",
    re.MULTILINE,
)

needs_torch = [
    pytest.mark.torch,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed"),
]
needs_torchvision = pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is None, reason="torchvision is not installed"
)


def loaded(name: str) -> ModuleType:
    """Return the script as a module, with torch on one thread: a process with several may not be forked later."""
    import torch

    torch.set_num_threads(1)
    return load_script(name)


class DigitProgram:
    """A subject's script that runs in this process; its output is captured."""

    def __init__(self, module: ModuleType, patch: pytest.MonkeyPatch, caught: pytest.CaptureFixture[str]) -> None:
        self.module, self.patch, self.caught = module, patch, caught

    def run(self, *arguments: str) -> str:
        """Return its standard output."""
        self.patch.setattr(sys, "argv", ["train.py", "--device", "cpu", *arguments])
        self.module.main()
        return self.caught.readouterr().out

    def refused(self, *arguments: str, status: int = 2) -> str:
        """Return the last line of standard error of a run that ends with this status."""
        with pytest.raises(SystemExit) as end:
            self.run(*arguments)
        assert end.value.code == status
        return self.caught.readouterr().err.splitlines()[-1]


def accuracies(output: str) -> list[float]:
    return [int(found["value"]) / int(found["of"]) for found in EPOCH.finditer(output)]


def settings(output: str) -> dict[str, str]:
    """Return the values in the first line of output."""
    first = output.splitlines()[0].removeprefix("settings: ")
    return dict(word.split("=") for word in first.split())


def write_mnist(folder: Path, **parts: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]) -> None:
    """Write images and labels of `train` and `t10k` in the idx format of MNIST's authors (big-endian header)."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, (images, labels) in parts.items():
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4i", 2051, *images.shape) + images.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, len(labels)) + labels.tobytes())
