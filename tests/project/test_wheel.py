"""The wheel in an empty environment: operators, subjects and documentation are in it, and an audit runs from it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.limits import PROCESS_S
from support.paths import ROOT
from support.tiny import environment, write_subject

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def binaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of a new environment, with only the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build in the checkout itself would disturb other builds of it
    skipped = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "reports", "corpus")
    shutil.copytree(ROOT, source, ignore=skipped)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source)]
    subprocess.run(build, check=True, timeout=PROCESS_S)
    (wheel,) = folder.glob("mutegreen-*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, timeout=PROCESS_S)
    installed = subprocess.run(
        [folder / "venv/bin/python", "-m", "pip", "--quiet", "install", "--no-compile", wheel],
        capture_output=True,
        text=True,
        timeout=PROCESS_S,
    )
    if "Could not find a version" in installed.stderr:
        pytest.skip("the package index cannot be reached, so the wheel's dependencies cannot be installed")
    assert installed.returncode == 0, installed.stderr
    return folder / "venv" / "bin"


def run(binaries: Path, folder: Path, *words: object) -> str:
    done = subprocess.run(
        [binaries / "mutegreen", *map(str, words)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PROCESS_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_holds_operators_and_subjects(binaries: Path, tmp_path: Path) -> None:
    operators = {item["name"] for item in json.loads(run(binaries, tmp_path, "operators", "--json"))}
    assert operators == {path.stem for path in (ROOT / "operators").glob("*.py")} - {"__init__"}
    subjects = {item["name"]: item["folder"] for item in json.loads(run(binaries, tmp_path, "subjects", "--json"))}
    assert set(subjects) == {path.parent.name for path in (ROOT / "subjects").glob("*/subject.toml")}
    for name, folder in subjects.items():
        assert Path(folder).is_relative_to(binaries.parent)
        held = {p.name for p in Path(folder).iterdir() if p.name != "__pycache__"}
        assert held == {p.name for p in (ROOT / "subjects" / name).iterdir() if p.name != "__pycache__"}


@pytest.mark.slow
def test_the_wheel_holds_the_documentation(binaries: Path, tmp_path: Path) -> None:
    assert "one meaning" in run(binaries, tmp_path, "help", "glossary")


@pytest.mark.slow
def test_plug_ins_find_what_they_need_in_the_wheel(binaries: Path, tmp_path: Path) -> None:
    """pytest is not in this environment: only the suites need it."""
    code = "import mutegreen.plugins, mutegreen.testing.simulated\nimport mutegreen.testing.meters"
    done = subprocess.run([binaries / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'pytest'"


@pytest.mark.slow
def test_an_audit_runs_from_the_wheel(binaries: Path, tmp_path: Path) -> None:
    subject = write_subject(tmp_path / "points")
    words = ("--mutants", "1", "--repetitions", "2", "--cooldown", "0", "--json")
    assert json.loads(run(binaries, tmp_path, "run", subject, *words))["trials"]["ok"] == 6
    assert json.loads(run(binaries, tmp_path, "stats", "--json"))["correlation"]
    assert "siamese_resnet" in run(binaries, tmp_path, "run", "subjects/siamese_resnet", "--dry-run", "--json")
