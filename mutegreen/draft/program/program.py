"""A training program: its script, the folder that it needs, and the words that start it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen.errors import UsageError

PYTHON = "{python}"


@dataclass(frozen=True)
class TrainingProgram:
    """A training program as a user starts it.

    Attributes:
        script: Its main file.
        folder: The folder of the subject, with all files that the program needs.
        workdir: The working directory, relative to `folder`.
        module: Name for `python -m`; None: the script is started by its path.
        launcher: Words that start it instead of Python, such as `torchrun --nproc_per_node=1`.
        notebook: The notebook that the script was converted from; None: it was not.
    """

    script: Path
    folder: Path
    workdir: str = "."
    module: str | None = None
    launcher: tuple[str, ...] = ()
    notebook: Path | None = None

    @property
    def start(self) -> tuple[str, ...]:
        """The words that start it, without arguments."""
        words = self.launcher or (PYTHON,)
        if self.module is not None:
            return (*words, "-m", self.module)
        return (*words, self.relative(self.script, self.folder / self.workdir))

    def relative(self, path: Path, start: Path | None = None) -> str:
        """Return a path relative to `start`, or to the subject's folder."""
        return Path(os.path.relpath(path, start or self.folder)).as_posix()

    def holding(self, files: list[Path]) -> TrainingProgram:
        """Return the program with the smallest folder that contains these files, too; the working directory stays."""
        outside = [file for file in files if not file.is_relative_to(self.folder)]
        if not outside:
            return self
        top = Path(os.path.commonpath([self.folder, *(file.parent for file in outside)]))
        return replace(self, folder=top, workdir=Path(os.path.relpath(self.folder / self.workdir, top)).as_posix())


def by_module(name: str, folder: Path) -> TrainingProgram:
    """Return the program that `python -m NAME` starts in a folder, or in its `src` folder.

    Raises:
        UsageError: There is no such module.
    """
    for workdir in (".", "src"):
        base = (folder / workdir).joinpath(*name.split("."))
        for file in (base.with_name(base.name + ".py"), base / "__main__.py"):
            if file.is_file():
                return TrainingProgram(file.resolve(), folder.resolve(), workdir, name)
    raise UsageError(
        f"{folder}: no module {name}", "name the module as after `python -m`, and the folder that you start it in"
    )


def by_script(script: Path, folder: Path | None = None) -> TrainingProgram:
    """Return the program of a script; without a folder, its folder is the script's.

    Raises:
        UsageError: There is no such file, or it is outside the folder.
    """
    if not script.is_file():
        raise UsageError(f"{script}: no such file", "name a training script, a notebook, or the folder of one")
    path, home = script.resolve(), (folder or script.parent).resolve()
    if not path.is_relative_to(home):
        raise UsageError(f"{script} is not in {folder}", "name a folder that contains it")
    return TrainingProgram(path, home)
