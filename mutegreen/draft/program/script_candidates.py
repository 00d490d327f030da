"""Ranks the scripts in a folder by how likely they are the training script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mutegreen.errors import MuteGreenError
from mutegreen.mutation.text import TextFile
from mutegreen.scan.names.words import word_set, words

_MOST = 300
_DEEPEST = 3
_LARGEST_BYTES = 500_000
_SKIPPED = word_set("__pycache__ node_modules venv env site-packages build dist docs doc tests test wandb runs outputs")
_NOT_PROGRAMS = frozenset({"setup.py", "conftest.py", "__init__.py", "noxfile.py", "versioneer.py"})
_TRAINS = (
    (re.compile(r"\.backward\(|apply_gradients\(|GradientTape|value_and_grad\(|\.minimize\("), 4),
    (re.compile(r"optimizer\w*\.step\(|\.zero_grad\("), 2),
    (re.compile(r"\.fit\(|\.fit_generator\(|rainer\w*\.train\(|\.train_on_batch\(|\.partial_fit\("), 4),
    (re.compile(r"\bepochs?\b", re.IGNORECASE), 2),
    (re.compile(r"learning_rate|\blr\b", re.IGNORECASE), 1),
)
_STARTS = re.compile(r"if\s+__name__\s*==\s*['\"]__main__['\"]")
_PARSES = re.compile(r"ArgumentParser\(|@click\.command|@hydra\.main|app\.run\(|fire\.Fire\(|typer\.run\(")
_GOOD_WORDS = frozenset({"train", "main", "fit", "run"})
_BAD_WORDS = word_set(
    "eval infer predict demo plot download prepare preprocess convert export utils util model models data dataset "
    "visualize sample generate benchmark sweep search tune"
)


@dataclass(frozen=True)
class ScriptCandidate:
    """A script that may be the training script; a larger score is likelier."""

    script: Path
    score: int


def script_candidates(folder: Path) -> list[ScriptCandidate]:
    """Return the scripts in a folder and its sub-folders that may train, the likeliest first."""
    texts = {path: _text(path) for path in _scripts(folder)}
    imported = {name for text in texts.values() for name in re.findall(r"^\s*(?:from|import)\s+([\w.]+)", text, re.M)}
    used = {name.rpartition(".")[2] for name in imported}
    candidates = [ScriptCandidate(path, _score(path, text, folder, path.stem in used)) for path, text in texts.items()]
    return sorted((one for one in candidates if one.score > 0), key=lambda one: (-one.score, str(one.script)))


def likeliest(candidates: list[ScriptCandidate]) -> Path | None:
    """Return the candidate with a clearly larger score than all others; None: there is none."""
    if len(candidates) == 1 or (len(candidates) > 1 and candidates[0].score > candidates[1].score + 1):
        return candidates[0].script
    return None


def _scripts(folder: Path, depth: int = 0) -> Iterator[Path]:
    """Yield the Python files and notebooks in a folder and its sub-folders."""
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    files = [p for p in inside if p.suffix in {".py", ".ipynb"} and p.is_file() and p.name not in _NOT_PROGRAMS]
    yield from files[:_MOST]
    if depth < _DEEPEST:
        for path in inside:
            if path.is_dir() and not path.name.startswith(".") and path.name not in _SKIPPED and not path.is_symlink():
                yield from _scripts(path, depth + 1)


def _text(path: Path) -> str:
    try:
        return TextFile.read(path, python=path.suffix == ".py").text if path.stat().st_size < _LARGEST_BYTES else ""
    except MuteGreenError:
        return ""


def _score(path: Path, text: str, folder: Path, is_imported: bool) -> int:
    """Return the points for a script minus the points against it; 0 or less: it does not train."""
    trains = sum(points for pattern, points in _TRAINS if pattern.search(text))
    starts = bool(_STARTS.search(text) or _PARSES.search(text))
    own, above = set(words(path.stem)), path.relative_to(folder).parts[:-1]
    if not trains and not (own & _GOOD_WORDS and starts):
        return 0
    score = trains + 3 * starts + 2 * bool(_PARSES.search(text)) + 4 * bool(own & _GOOD_WORDS)
    score += 2 * (path.stem.lower() in _GOOD_WORDS)
    score -= 5 * bool(own & _BAD_WORDS) + 4 * (is_imported and not starts) + 2 * len(above)
    return score - 5 * (path.suffix == ".ipynb") - 8 * path.stem.startswith("test_")
