"""The example plug-ins of docs/operators.md and docs/plugins.md: built, installed and used as any other package."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

from mutegreen import catalog
from support.limits import PROCESS_S
from support.paths import ROOT

PLUGIN = ROOT / "tests" / "plugin"
METER_PLUGIN = ROOT / "tests" / "meter_plugin"
DOCS = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
METER_DOCS = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


pytestmark = pytest.mark.xdist_group("plugin")
"""One worker runs all of these tests, so that each package is built and installed once."""


def python(*arguments: str, path: list[Path], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **own, **variables}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PROCESS_S)


def installed(source: Path, folder: Path) -> Path:
    """A plug-in, built and installed by pip; its folder of packages."""
    missing = [name for name in ("pip", "setuptools") if find_spec(name) is None]
    if missing:
        pytest.skip(f"building a package needs {' and '.join(missing)}")
    shutil.copytree(source, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    install = ["-m", "pip", "install", *options, "--target", str(folder / "site"), str(folder / "source")]
    result = python(*install, path=[], folder=folder)
    assert result.returncode == 0, result.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def installed_plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(PLUGIN, tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def installed_meter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(METER_PLUGIN, tmp_path_factory.mktemp("meter_plugin"))


def own_tests_passed(source: Path, site: Path, folder: Path) -> int:
    """Runs the tests that a plug-in ships with, away from this checkout; how many passed."""
    shutil.copytree(source / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pytest.ini").write_text("[pytest]\n")
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    result = python(*words, path=[site, ROOT], folder=folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert result.returncode == 0, result.stdout
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    return int(passed[1])


def test_an_installed_package_is_in_the_catalog(installed_plugin: Path, tmp_path: Path) -> None:
    code = """
        import json
        from mutegreen import catalog
        from mutegreen.model import FlagSite, Hyperparameter, Kind

        operator = catalog.operator_for(Hyperparameter("optimizer", Kind.OPTIMIZER, "sgd", FlagSite("--optimizer")))
        found = {"operator": operator.name, "subject": str(catalog.find_subject("line_fit"))}
        print(json.dumps({**found, "problems": catalog.problems()}))
    """
    result = python("-c", textwrap.dedent(code), path=[installed_plugin, ROOT], folder=tmp_path)
    assert result.returncode == 0, result.stderr
    folder = (installed_plugin / "mutegreen_example" / "line_fit").resolve()
    assert json.loads(result.stdout) == {"operator": "optimizer", "subject": str(folder), "problems": []}
    assert (folder / "train.py").is_file()


def test_the_plugins_own_tests_pass(installed_plugin: Path, tmp_path: Path) -> None:
    assert own_tests_passed(PLUGIN, installed_plugin, tmp_path) == 7


def test_the_meters_own_tests_pass(installed_meter: Path, tmp_path: Path) -> None:
    assert own_tests_passed(METER_PLUGIN, installed_meter, tmp_path) >= 11


def test_an_installed_operator_joins_our_suite(installed_plugin: Path) -> None:
    ours = ["tests/mutation/test_operators.py", "-k", "optimizer"]
    result = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *ours, path=[installed_plugin, ROOT], folder=ROOT)
    assert result.returncode == 0, result.stdout
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None
    assert int(passed[1]) >= 6


def test_doctor_tries_an_installed_meter(installed_meter: Path, tmp_path: Path) -> None:
    def doctor(*words: str) -> subprocess.CompletedProcess[str]:
        return python("-m", "mutegreen", "doctor", *words, path=[installed_meter, ROOT], folder=tmp_path)

    report = json.loads(doctor("--json").stdout)
    read_by = [one["meter"] for one in [*report["domains"], *report["unavailable"]]]
    assert "intel-gpu" in read_by
    assert doctor("--meter", "intel-gpus").stderr.splitlines()[-1].endswith("zeus, intel-gpu")


def test_the_plugins_training_learns(tmp_path: Path) -> None:
    script = PLUGIN / "mutegreen_example" / "line_fit" / "train.py"
    for optimizer in ("sgd", "momentum", "sign"):
        output = python(str(script), "--optimizer", optimizer, path=[], folder=tmp_path).stdout
        losses = [float(loss) for loss in re.findall(r"loss (\S+)", output)]
        assert len(losses) == 40
        assert losses[-1] < losses[0] / 10


@pytest.mark.parametrize(("text", "folder"), [(DOCS, PLUGIN), (METER_DOCS, METER_PLUGIN)], ids=["operator", "meter"])
def test_the_documented_plugin_is_the_tested_one(text: str, folder: Path) -> None:
    documented = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)```$", text, re.DOTALL | re.MULTILINE))
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert documented == {str(path.relative_to(folder)): path.read_text() for path in files}


def test_the_documented_operators_are_the_real_ones() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| `(.*?)` → (.*?) \|$", DOCS, re.MULTILINE)
    ours = {name: found for name, found in catalog.operators().items() if (ROOT / f"operators/{name}.py").is_file()}
    assert rows == [
        (
            name,
            ", ".join(f"`{kind}`" for kind in sorted(found.kinds)) or "none",
            found.summary,
            repr(found.examples[0].before),
            ", ".join(f"`{value!r}`" for value in found.examples[0].after),
        )
        for name, found in ours.items()
    ]
