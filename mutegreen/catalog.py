"""Find operators and subjects: those of MuteGreen, then those of plug-ins.

A plug-in is an installed package with entry points of the groups below. A broken plug-in never stops an audit that does
not need it: it is skipped, and `problems` says why. Meters, including those of plug-ins, are in
`mutegreen.meters.registry`.
"""

from __future__ import annotations

import difflib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from mutegreen.entry_points import Catalog
from mutegreen.errors import UsageError
from mutegreen.model import Hyperparameter
from mutegreen.mutation.operator import Operator

OPERATORS = "mutegreen.operators"
SUBJECTS = "mutegreen.subjects"
"""Names of MuteGreen's own packages, and of the groups of entry points that add to them."""

SUBJECT_FILE = "subject.toml"


def operators() -> dict[str, Operator]:
    """Return all operators by name, MuteGreen's own first."""
    return dict(_operators().entries)


def subjects() -> dict[str, Path]:
    """Return the folders of all bundled subjects by name, MuteGreen's own first."""
    return dict(_subjects().entries)


def problems() -> list[str]:
    """Return the plug-ins that cannot be used, and why, in one line each."""
    return [*_operators().problems, *_subjects().problems]


def operator(name: str) -> Operator:
    """Return the operator with a name.

    Raises:
        UsageError: There is none.
    """
    known = operators()
    if name not in known:
        raise UsageError(f"operator {name!r} not found", _hint(name, known, _operators().problems))
    return known[name]


def operator_for(hyperparameter: Hyperparameter) -> Operator | None:
    """Return the operator that the hyperparameter names, else the first one for its kind, else None.

    Raises:
        UsageError: The hyperparameter names an operator that does not exist.
    """
    if hyperparameter.operator is not None:
        return operator(hyperparameter.operator)
    return next((known for known in operators().values() if hyperparameter.kind in known.kinds), None)


def find_subject(name_or_path: str) -> Path:
    """Return the folder of a subject, absolute.

    If the path is a folder with a `subject.toml`, or that file, it is used. Otherwise the last part of the path is the
    name of a bundled subject; `subjects/siamese_resnet` therefore works in any folder.

    Args:
        name_or_path: Name of a bundled subject, or path of a folder or of its `subject.toml`.

    Raises:
        UsageError: There is no such subject.
    """
    path = Path(name_or_path)
    folder = path.parent if path.name == SUBJECT_FILE else path
    if (folder / SUBJECT_FILE).is_file():
        return folder.resolve()
    known = subjects()
    if folder.name in known:
        return known[folder.name]
    raise UsageError(_no_subject(path), _hint(folder.name, known, _subjects().problems))


@cache
def _operators() -> Catalog[Operator]:
    catalog = Catalog({own.name: own for own in _own_operators()})
    catalog.add_plugins(OPERATORS, _load_operator)
    return catalog


@cache
def _subjects() -> Catalog[Path]:
    catalog = Catalog({folder.name: folder for folder in _own_subjects()})
    catalog.add_plugins(SUBJECTS, _locate_subject)
    return catalog


def _own_operators() -> Iterator[Operator]:
    package = import_module(OPERATORS)
    for module in pkgutil.iter_modules(package.__path__):
        for candidate in _operator_classes(import_module(f"{OPERATORS}.{module.name}")):
            yield candidate()


def _operator_classes(module: ModuleType) -> Iterator[type[Operator]]:
    for candidate in vars(module).values():
        if _is_operator(candidate) and candidate.__module__ == module.__name__:
            yield candidate


def _is_operator(candidate: object) -> TypeGuard[type[Operator]]:
    return inspect.isclass(candidate) and issubclass(candidate, Operator) and not inspect.isabstract(candidate)


def _own_subjects() -> Iterator[Path]:
    for place in import_module(SUBJECTS).__path__:
        yield from (file.parent.resolve() for file in sorted(Path(place).glob(f"*/{SUBJECT_FILE}")))


def _load_operator(point: metadata.EntryPoint) -> tuple[str, Operator]:
    candidate = point.load()
    if not _is_operator(candidate):
        raise TypeError(f"{point.value} is not a complete subclass of mutegreen.plugins.Operator")
    missing = [name for name in ("name", "summary", "kinds", "examples") if not hasattr(candidate, name)]
    if missing:
        raise TypeError(f"{point.value} has no {', '.join(missing)}")
    loaded: Operator = candidate()
    return loaded.name, loaded


def _locate_subject(point: metadata.EntryPoint) -> tuple[str, Path]:
    spec = find_spec(point.module)  # only located, not imported: the module may be the training itself
    if spec is None:
        raise ModuleNotFoundError(f"no module named {point.module}")
    places = spec.submodule_search_locations or ([str(Path(spec.origin).parent)] if spec.origin else [])
    for place in places:
        if (Path(place) / SUBJECT_FILE).is_file():
            return point.name, Path(place).resolve()
    raise FileNotFoundError(f"no {SUBJECT_FILE} in {', '.join(places)}")


def _no_subject(path: Path) -> str:
    if path.is_dir():
        return (
            f"subject {str(path)!r} not found: the folder has no {SUBJECT_FILE}, and no bundled subject has that name"
        )
    if path.is_file():
        return f"subject {str(path)!r} not found: it is a file, and a subject is a folder with a {SUBJECT_FILE}"
    return f"subject {str(path)!r} not found: no folder of that name in {Path.cwd()}, and no bundled subject"


def _hint(name: str, known: Iterable[str], problems: Iterable[str]) -> str:
    valid = sorted(known)
    close = difflib.get_close_matches(name, valid, n=1)
    question = f"did you mean {close[0]!r}? " if close else ""
    return "; ".join([f"{question}the names are: {', '.join(valid) or 'none'}", *problems])
