"""Drafts `[workspace]` and `environment`: folders with data, files of earlier trainings, variables, notes."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutegreen.draft.program.program import TrainingProgram
from mutegreen.harness.process.workspace import NEVER_COPIED
from mutegreen.scan.source.calls import dotted, text_of
from mutegreen.scan.source.module import Module
from mutegreen.scan.source.project import Project

_DATA = re.compile(r"(?i)^\.?(data|datas|dataset|datasets|corpus|corpora|images|imgs|inputs?|mnist|cifar.*|raw)$")
_LEFT = (
    "runs", "wandb", "mlruns", "lightning_logs", "checkpoint", "checkpoints", "outputs", "logs", "log", "tb_logs",
    "results", "saved_models", "*.pt", "*.pth", "*.ckpt", "*.h5",
)  # fmt: skip
_ABOVE = re.compile(r"(\.\./)+[\w./-]*")
_LARGE_BYTES = 20 * 2**20
_MOST_FILES = 5_000


@dataclass(frozen=True)
class WorkspaceDraft:
    """The drafted `[workspace]` and `environment`, with notes for the user.

    Attributes:
        link: Folders with data, which are linked into each copy instead of copied.
        exclude: Patterns of files that earlier trainings left.
        environment: Variables to set.
        notes: Notes for the user.
    """

    link: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def draft_workspace(
    program: TrainingProgram, project: Project, modules: Sequence[Module], changed: set[str]
) -> WorkspaceDraft:
    """Draft the workspace of a program.

    Args:
        program: The program.
        project: Its project, which knows the folders that imports are searched in.
        modules: The project's files that it uses.
        changed: The files with hyperparameters, which must be copied.
    """
    files = changed | {program.relative(module.path.resolve()) for module in modules}
    link = tuple(name for name in _data_folders(program.folder) if not any(f.startswith(f"{name}/") for f in files))
    return WorkspaceDraft(
        link=link,
        exclude=tuple(_left_behind(program.folder, files)),
        environment=tuple(_environment(program, project, modules)),
        notes=tuple(dict.fromkeys(note for module in modules for note in _notes(module, program, link))),
    )


def _data_folders(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and path.name not in NEVER_COPIED and path.name not in _LEFT:
            holds_code = any(path.glob("*.py")) or any(path.glob("*/*.py"))
            if not holds_code and (_DATA.match(path.name) or _is_large(path)):
                yield path.name


def _is_large(folder: Path) -> bool:
    total = count = 0
    for above, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        count += len(names)
        total += sum((Path(above) / name).lstat().st_size for name in names)
        if total > _LARGE_BYTES or count > _MOST_FILES:
            return folder.name != ".git"
    return False


def _left_behind(folder: Path, files: set[str]) -> Iterator[str]:
    for pattern in _LEFT:
        leftovers = [path for path in folder.glob(pattern) if not any(path.rglob("*.py"))]
        if leftovers and not any(Path(file).match(pattern) or file.startswith(f"{pattern}/") for file in files):
            yield pattern


def _environment(program: TrainingProgram, project: Project, modules: Sequence[Module]) -> Iterator[tuple[str, str]]:
    if any("matplotlib" in module.roots and "show(" in module.text.text for module in modules):
        yield "MPLBACKEND", "Agg"
    if program.module is None and (roots := _import_roots(program, project, modules)):
        yield "PYTHONPATH", roots


def _import_roots(program: TrainingProgram, project: Project, modules: Sequence[Module]) -> str:
    """Return the folders outside the script's own that imports use, relative to the working directory."""
    paths = [module.path.resolve() for module in modules]
    outside = [path for path in paths if not path.is_relative_to(project.folder)]
    above = [[root for root in project.roots if path.is_relative_to(root)] for path in outside]
    roots = {max(known, key=lambda root: len(root.parts)) for known in above if known}
    return os.pathsep.join(sorted(os.path.relpath(root, program.folder / program.workdir) for root in roots))


def _notes(module: Module, program: TrainingProgram, link: Sequence[str]) -> Iterator[str]:
    file = program.relative(module.path.resolve())
    yield from _launchers(module, program)
    for node in module.nodes:
        if isinstance(node, ast.Call):
            yield from _downloads(file, node, link)
        elif isinstance(node, ast.Constant) and _leads_out(node.value, module.path.parent):
            yield (
                f"{node.value!s} (line {node.lineno} of {file}) is outside of this folder, and so the copy that "
                "is trained lacks it. Link the data into this folder, or pass an absolute path"
            )


def _leads_out(text: object, folder: Path) -> bool:
    return isinstance(text, str) and bool(_ABOVE.fullmatch(text)) and (folder / text).is_dir()


def _launchers(module: Module, program: TrainingProgram) -> Iterator[str]:
    if program.launcher:
        return
    imports = {*module.imports.values(), *module.stars}
    if any(origin.startswith("accelerate") for origin in imports):
        yield "The program uses accelerate. Started with `accelerate launch`? Add --launcher 'accelerate launch'"
    elif any("init_process_group" in dotted(n) for n in module.nodes if isinstance(n, (ast.Name, ast.Attribute))):
        yield (
            "The program uses torch.distributed. Started with torchrun? Add --launcher 'torchrun --nproc_per_node=1'"
        )


def _downloads(file: str, call: ast.Call, link: Sequence[str]) -> Iterator[str]:
    """Yield a note on a data set that every trial would download again into its copy."""
    downloads = any(w.arg == "download" and isinstance(w.value, ast.Constant) and w.value.value for w in call.keywords)
    if not downloads:
        return
    root = next((text_of(w.value) for w in call.keywords if w.arg == "root"), "") or text_of(
        next(iter(call.args), None)
    )
    top = Path(os.path.normpath(root)).parts[0] if root else ""
    if root.startswith("/") or top == ".." or top in link:
        return
    where = f'"{top}"' if top and top != "." else "the folder"
    yield (
        f"{file} downloads its data into {where}. Run it once, then name the folder of the data in link = [...] "
        "under [workspace]; otherwise every trial downloads them again"
    )
