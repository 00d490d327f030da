"""Copy a subject: one snapshot for an audit, one workspace for a trial. The user's files are only read."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mutegreen.config import FILE_NAME
from mutegreen.errors import MuteGreenError
from mutegreen.model import Subject

NEVER_COPIED = (
    "__pycache__",
    "*.pyc",
    ".git",
    ".hg",
    ".svn",
    ".venv*",
    "venv",
    ".mypy_cache",
    ".pytest_cache",
    ".ipynb_checkpoints",
)
"""Compiled files matter most: Python uses one if the mutated source has the same size and the same second of change."""

MAX_SUBJECT_BYTES = 512 * 2**20
"""Larger subjects are refused, as every trial gets a copy; data sets belong in `workspace.link`."""


def snapshot(subject: Subject, target: Path, keep_out: Iterable[Path] = ()) -> str:
    """Copy a subject. Linked paths become links to the user's data.

    Args:
        subject: The subject.
        target: Folder of the copy; it does not exist yet.
        keep_out: Folders, such as that of the store, that may be inside the subject's folder but do not belong to it.

    Returns:
        The digest of the copied files (SHA-256, hexadecimal).

    Raises:
        MuteGreenError: The subject is too large, or cannot be copied.
    """
    _refuse_large(subject, [path.resolve() for path in keep_out])
    try:
        shutil.copytree(subject.folder, target, symlinks=True, ignore=_ignored(subject, keep_out))
        _make_writable(target)
        _keep_links_leading(subject.folder, target)
        for link in subject.link:
            (target / link).parent.mkdir(parents=True, exist_ok=True)
            (target / link).symlink_to((subject.folder / link).resolve())
    except (OSError, RuntimeError, shutil.Error) as error:  # Python 3.11 raises RuntimeError for a loop of links
        raise MuteGreenError(
            f"{subject.folder} cannot be copied to {target}: {_cause(error)}",
            "free some space, or keep data sets out with link = [...] under [workspace] in subject.toml",
        ) from error
    return digest(target)


@contextmanager
def workspace(snapshot_folder: Path, target: Path) -> Iterator[Path]:
    """Make a new copy of the snapshot for one trial, and remove it afterwards.

    Each trial has a new copy: a checkpoint that one training leaves would change the work, and so the energy, of the
    next.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(snapshot_folder, target, symlinks=True)
    try:
        yield target
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _make_writable(folder: Path) -> None:
    """Make a copy writable: the subject may be read-only, but its copy is mutated and removed."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def digest(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of all files in a folder; of links, of their targets' names."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix().encode()
        if path.is_symlink():
            total.update(name + b"\0link\0" + os.readlink(path).encode() + b"\0")
        elif path.is_file():
            total.update(name + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _ignored(subject: Subject, keep_out: Iterable[Path]) -> Callable[[str, list[str]], set[str]]:
    excluded = {*map(Path, subject.link), _results(subject)}
    outside = {path.resolve() for path in keep_out}

    def ignore(folder: str, names: list[str]) -> set[str]:
        below = Path(folder).relative_to(subject.folder)
        return {
            name
            for name in names
            if below / name in excluded
            or (Path(folder) / name).resolve() in outside
            or _matches(name, name, NEVER_COPIED)
            or (below / name != Path(FILE_NAME) and _matches((below / name).as_posix(), name, subject.exclude))
        }

    return ignore


def _results(subject: Subject) -> Path | None:
    """Return the file of results: one from an earlier training must not be read as the trial's."""
    if subject.performance.file is None:
        return None
    return Path(os.path.normpath(Path(subject.workdir) / subject.performance.file))


def _keep_links_leading(source: Path, target: Path) -> None:
    """Make relative links that leave the folder absolute: in the copy they would point to nothing."""
    for path in target.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(target.resolve()):
            leads_to = (source / path.relative_to(target)).resolve()
            path.unlink()
            path.symlink_to(leads_to)


def _matches(path: str, name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(name, p) or fnmatch.fnmatch(path, p) for p in patterns)


def _refuse_large(subject: Subject, keep_out: Iterable[Path]) -> None:
    ignore = _ignored(subject, keep_out)
    total = 0
    for folder, folders, files in os.walk(subject.folder):
        excluded = ignore(folder, folders + files)
        folders[:] = [name for name in folders if name not in excluded]
        kept = [Path(folder) / name for name in files if name not in excluded]
        total += sum(path.lstat().st_size for path in kept)
        if total > MAX_SUBJECT_BYTES:
            raise MuteGreenError(
                f"{subject.folder} holds more than {MAX_SUBJECT_BYTES >> 20} MiB, and every trial gets a copy of it",
                "keep data sets out with link = [...], other files with exclude = [...], "
                "under [workspace] in subject.toml",
            )


def _cause(error: Exception) -> str:
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return "; ".join(str(reason) for _, _, reason in error.args[0][:3])
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)
