"""Resolves what the user names (a script, a folder, a notebook, a module) to the program to train."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutegreen.draft.program import script_candidates
from mutegreen.draft.program.notebook import convert_notebook
from mutegreen.draft.program.program import TrainingProgram, by_module, by_script
from mutegreen.errors import UsageError

_MARK = "# Converted by `mutegreen init` from "
_SHOWN = 6


@dataclass(frozen=True)
class ResolvedProgram:
    """A program and how it was found.

    Attributes:
        program: The program.
        fixed: Whether the user named its folder.
        notes: Notes for the user.
    """

    program: TrainingProgram
    fixed: bool = False
    notes: tuple[str, ...] = ()


def resolve_program(
    path: Path | None, script: Path | None, module: str | None, ask: Callable[[Sequence[Path]], Path] | None = None
) -> ResolvedProgram:
    """Return the program that the user means.

    Args:
        path: A script, a notebook, or a folder; None: the current folder.
        script: The script in the folder.
        module: Name of a module, as after `python -m`.
        ask: Asks the user which of several scripts trains; None: there is no terminal to ask at.

    Raises:
        UsageError: There is no such program, or several are equally likely.
    """
    if module is not None:
        if script is not None or (path is not None and not path.is_dir()):
            raise UsageError("-m and a script cannot be combined", "use mutegreen init -m MODULE [FOLDER]")
        return ResolvedProgram(by_module(module, path or Path()), fixed=True)
    if path is not None and not path.is_dir():
        if script is not None:
            raise UsageError(
                f"{path}: not a folder, and --script needs one", "drop --script, or give the folder of the script"
            )
        return _of_file(path)
    folder = path or Path()
    if script is not None:
        inside = folder / script
        return _of_file(inside if inside.is_file() else script, folder)
    return _of_folder(folder, ask)


def _of_file(path: Path, folder: Path | None = None) -> ResolvedProgram:
    program = by_script(path, folder)
    if path.suffix == ".ipynb":
        return _of_notebook(program, folder is not None)
    return ResolvedProgram(program, folder is not None)


def _of_folder(folder: Path, ask: Callable[[Sequence[Path]], Path] | None) -> ResolvedProgram:
    candidates = script_candidates.script_candidates(folder)
    if not candidates:
        raise UsageError(f"{folder}: no training script found", "name it: mutegreen init SCRIPT")
    chosen = script_candidates.likeliest(candidates)
    scripts = [one.script for one in candidates]
    if chosen is None and ask is not None:
        chosen = ask(scripts)
    if chosen is None:
        listed = ", ".join(str(script.relative_to(folder)) for script in scripts[:_SHOWN])
        raise UsageError(
            f"{folder}: several scripts may be the training script: {listed}", "choose one with --script NAME"
        )
    others = [str(script.relative_to(folder)) for script in scripts if script != chosen][:_SHOWN]
    resolved = _of_file(chosen, folder)
    if not others:
        return resolved
    name = chosen.relative_to(folder)
    note = f"{name} was chosen as the training script; --script chooses another: {', '.join(others)}"
    return replace(resolved, notes=(note, *resolved.notes))


def _of_notebook(program: TrainingProgram, fixed: bool) -> ResolvedProgram:
    """Return the program of a notebook: a script in the same folder, which `init` writes and overwrites each time."""
    notebook = program.script
    script = notebook.with_name(f"{notebook.stem}_notebook.py")
    if script.exists() and not script.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
        raise UsageError(f"{script} exists already, and was not made from {notebook.name}", "rename it")
    text, left_out = convert_notebook(notebook)
    try:
        script.write_text(f"{_MARK}{notebook.name}\n{text}", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{script}: cannot be written: {error.strerror}", "copy the notebook to another folder"
        ) from error
    notes = [f"{script.name} was made from {notebook.name}: run `mutegreen init` again after changes to the notebook"]
    if left_out:
        notes.append(f"Left out of the notebook: {'; '.join(left_out)}")
    return ResolvedProgram(replace(program, script=script, notebook=notebook), fixed, tuple(notes))
