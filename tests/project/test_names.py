"""Names in the project: a class name means one class, and a module is named by a noun."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from support.paths import ROOT

FOLDERS = ("mutegreen", "operators", "subjects", "benchmarks", "tests")
DATA_FOLDERS = ("tests/corpus", "tests/data")
"""Recorded programs and data."""
# fmt: off
NOT_NOUNS = {
    "analysed", "apply", "asked", "built", "choose", "company", "comparing", "concatenated", "decide", "found",
    "further", "given", "here", "joined", "kept", "made", "metered", "observed", "overridden", "paged", "planned",
    "plotted", "printed", "reading", "rebuilt", "running", "shared", "standing", "stood_in", "to_schema_2",
    "told", "weighing", "written",
}
# fmt: on
"""Verbs, participles and adverbs that were names of modules or could be. A command keeps its name, as `measure`."""


def modules(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for module in sorted((root / folder).rglob("*.py")):
            if not any(module.is_relative_to(root / data) for data in DATA_FOLDERS):
                yield module


def repeated_classes(root: Path) -> dict[str, list[str]]:
    """Return the public class names of several classes, with the modules of the classes."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for module in modules(root):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(module.relative_to(root)))
    return {name: found for name, found in places.items() if len(found) > 1}


def test_a_public_class_name_means_one_class() -> None:
    assert repeated_classes(ROOT) == {}


def test_modules_are_named_by_nouns() -> None:
    assert [str(module.relative_to(ROOT)) for module in modules(ROOT) if module.stem in NOT_NOUNS] == []


def test_all_modules_are_read() -> None:
    """Each folder has modules: if one moved, the tests above would not check it."""
    read = list(modules(ROOT))
    for folder in FOLDERS:
        assert any(module.is_relative_to(ROOT / folder) for module in read), folder


def test_a_repeated_name_is_found_in_any_folder(tmp_path: Path) -> None:
    for folder, name in zip(FOLDERS, ("Twice", "Once", "_Private", "Other", "Twice"), strict=True):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "module.py").write_text(f"class {name}: ...\nclass _Private: ...\n")
    assert repeated_classes(tmp_path) == {"Twice": ["mutegreen/deep/module.py", "tests/deep/module.py"]}
