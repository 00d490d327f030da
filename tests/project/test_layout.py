"""Imports between packages, sizes of folders, contents of the wheel, and modules that commands must not import."""

import ast
import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.imported import modules_after
from support.paths import ROOT

PACKAGE = ROOT / "mutegreen"
MOST_MODULES = 15
"""Largest number of modules in one folder."""


def lint_imports(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of pyproject.toml on a checkout, without a cache."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False)


def test_imports_go_one_way() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout, for deliberate faults."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    for name in ("mutegreen", "operators", "subjects"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    return checkout


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("harness/plan/plan.py", "mutegreen.cli.main", "Packages import lower packages only"),
        ("harness/observe/outcome.py", "mutegreen.stats.settings", "The harness knows no statistics"),
        ("stats/model/arms.py", "mutegreen.store.rows", "Statistics know only the nouns"),
        ("stats/model/arms.py", "mutegreen.stats.advice.drift", "Statistics in layers"),
        ("report/figures/heat.py", "mutegreen.harness.events", "Reports are made from statistics"),
        ("harness/process/workspace.py", "torch", "Frameworks are imported by subjects only"),
        ("stats/trend/curve.py", "mutegreen.stats.trend.trend_fit", "no circle of imports"),
        ("meters/nvml/power.py", "mutegreen.meters.selection", "Meters in layers"),
        ("meters/zeus/meter.py", "mutegreen.plugins", "Packages import lower packages only"),
        ("cli/commands/machine/doctor.py", "mutegreen.testing.simulated", "Packages import lower packages only"),
        ("testing/meters.py", "mutegreen.meters.selection", "Plug-ins see meters, operators and the nouns"),
        ("plugins.py", "mutegreen.catalog", "Plug-ins see meters, operators and the nouns"),
    ],
)
def test_a_wrong_import_in_a_sub_package_is_found(copy: Path, file: str, planted: str, contract: str) -> None:
    module = copy / "mutegreen" / file
    text = module.read_text(encoding="utf-8")
    try:
        module.write_text(f"{text}\n\ndef planted():\n    import {planted}\n", encoding="utf-8")
        checked = lint_imports(copy)
    finally:
        module.write_text(text, encoding="utf-8")
    broken = [line for line in checked.stdout.splitlines() if line.endswith("BROKEN")]
    assert checked.returncode == 1
    assert any(contract in line for line in broken), checked.stdout


def test_no_folder_is_crowded() -> None:
    modules = {folder: len(list(folder.glob("*.py"))) for folder in [PACKAGE, *PACKAGE.rglob("*/")]}
    assert {str(folder): number for folder, number in modules.items() if number > MOST_MODULES} == {}


def test_the_harness_prints_nothing() -> None:
    for file in (file for file in (PACKAGE / "harness").rglob("*.py") if "probe" not in file.parts):
        assert "print(" not in file.read_text(encoding="utf-8"), file.name


def test_operators_import_no_framework() -> None:
    """They lie outside the folder that import-linter reads."""
    for file in (ROOT / "operators").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                assert not {name.split(".")[0] for name in names} & {"torch", "keras", "tensorflow"}, file


def _dotted(folder: Path) -> str:
    return ".".join(folder.relative_to(ROOT).parts)


def test_no_package_is_missing_from_the_wheel() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    packages = {"mutegreen", *(_dotted(p.parent) for p in PACKAGE.glob("*/**/__init__.py"))}
    assert listed == packages | {"mutegreen.docs", "mutegreen.operators", "mutegreen.subjects"}


def test_the_start_is_light() -> None:
    heavy = {"numpy", "pandas", "scipy", "pydantic", "rich", "sqlite3", "psutil", "statsmodels", "click"}
    assert not modules_after("import mutegreen") & heavy
    helped = modules_after("from mutegreen.cli.main import cli\ncli.main(['--help'], standalone_mode=False)")
    assert not helped & (heavy - {"click"})


def test_a_walk_over_the_package_ends_and_finds_the_mapped_packages() -> None:
    found = modules_after(
        "import pkgutil, mutegreen\n"
        "names = [m.name for m in pkgutil.walk_packages(mutegreen.__path__, 'mutegreen.')]\n"
        "import mutegreen.operators.epochs, mutegreen.subjects"
    )
    assert {"mutegreen.operators.epochs", "mutegreen.subjects"} <= found
