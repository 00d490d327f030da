"""The shape of the project: who imports whom, what the wheel is told to hold, what starts light."""

import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mutegreen"

RANKS = [
    {"errors", "model", "phase"},
    {"config", "environment", "stats", "mutation", "meters", "store"},
    {"attribution"},
    {"catalog", "harness", "scan"},
    {"draft", "report"},
    {"replication"},
    {"cli"},
]
"""A room imports rooms of lower ranks, itself, and within its rank harness imports catalog."""


def rank(room: str) -> int:
    return next(number for number, rooms in enumerate(RANKS) if room in rooms)


def imported_rooms(file: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("mutegreen.")}
    return rooms - {"__version__"}


@pytest.mark.parametrize(
    "file", [f for f in PACKAGE.rglob("*.py") if f.parent.name != "probe"], ids=lambda f: str(f.relative_to(PACKAGE))
)
def test_imports_go_one_way(file: Path) -> None:
    room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in {"__init__", "__main__"}:
        return
    for other in imported_rooms(file) - {room}:
        allowed = rank(other) < rank(room) or (room, other) == ("harness", "catalog")
        assert allowed, f"{file.name} of {room} imports {other}"


def test_statistics_know_only_the_nouns() -> None:
    for file in (PACKAGE / "stats").rglob("*.py"):
        assert imported_rooms(file) <= {"model", "stats"}, file.name


def test_the_harness_prints_nothing_and_knows_no_statistics() -> None:
    for file in (f for f in (PACKAGE / "harness").rglob("*.py") if "probe" not in f.parts):
        assert not imported_rooms(file) & {"stats", "report", "cli"}, file.name
        assert "print(" not in file.read_text(encoding="utf-8"), file.name


def test_frameworks_are_imported_by_subjects_only() -> None:
    for file in [*PACKAGE.rglob("*.py"), *(ROOT / "operators").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                assert not {name.split(".")[0] for name in names} & {"torch", "keras", "tensorflow"}, file


def _dotted(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT).parts)


def test_no_room_is_missing_from_the_wheel() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    rooms = {"mutegreen", *(_dotted(p.parent) for p in PACKAGE.glob("*/**/__init__.py"))}
    assert listed == rooms | {"mutegreen.operators", "mutegreen.subjects"}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_start_is_light() -> None:
    heavy = {"numpy", "pandas", "scipy", "pydantic", "rich", "sqlite3", "psutil", "statsmodels", "click"}
    assert not modules_after("import mutegreen") & heavy
    helped = modules_after("from mutegreen.cli.main import cli\ncli.main(['--help'], standalone_mode=False)")
    assert not helped & (heavy - {"click"})


def test_a_walk_over_the_package_ends_and_finds_the_mapped_rooms() -> None:
    found = modules_after(
        "import pkgutil, mutegreen\n"
        "names = [m.name for m in pkgutil.walk_packages(mutegreen.__path__, 'mutegreen.')]\n"
        "import mutegreen.operators.epochs, mutegreen.subjects"
    )
    assert {"mutegreen.operators.epochs", "mutegreen.subjects"} <= found
