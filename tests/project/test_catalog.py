"""The catalog finds the operators and subjects of MuteGreen and of plug-ins, and no plug-in can break it."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typing_extensions

from mutegreen import catalog
from mutegreen.errors import UsageError
from mutegreen.model import FlagSite, Hyperparameter, Kind
from support.distributions import Installer, installer
from support.paths import ROOT

OPERATOR = """
from mutegreen.plugins import ChoiceOperator

class Found(ChoiceOperator):
    name = {name!r}
    summary = "one or two"
    kinds = frozenset({{"hidden"}})
    examples = ()

    def choices(self, default):
        return [1, 2]
"""


@pytest.fixture(autouse=True)
def fresh_catalog() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    catalog._operators.cache_clear()
    catalog._subjects.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    return installer(tmp_path / "site", monkeypatch)


def hyperparameter(kind: Kind, operator: str | None = None) -> Hyperparameter:
    return Hyperparameter("it", kind, 1, FlagSite("--it"), operator)


def python(*arguments: str, path: list[Path], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_our_operators_and_subjects_are_those_of_the_folders() -> None:
    ours = {file.stem for file in (ROOT / "operators").glob("[!_]*.py")}
    assert ours <= set(catalog.operators())
    for file in (ROOT / "subjects").glob("*/subject.toml"):
        assert (catalog.subjects()[file.parent.name] / "train.py").is_file()


def test_a_checkout_that_is_not_installed_has_them_too(tmp_path: Path) -> None:
    for package in ("mutegreen", "operators", "subjects"):
        shutil.copytree(ROOT / package, tmp_path / "checkout" / package)
    (tmp_path / "checkout" / "subjects" / "extra").mkdir()
    (tmp_path / "checkout" / "subjects" / "extra" / "subject.toml").touch()
    code = "from mutegreen import catalog as c; print(*c.operators()); print(c.find_subject('subjects/extra'))"
    shutil.copy(typing_extensions.__file__, tmp_path / "checkout")
    # Without site-packages, where an editable install of another checkout would answer for these packages.
    result = python("-S", "-c", code, path=[tmp_path / "checkout"], folder=tmp_path)
    assert result.returncode == 0, result.stderr
    operators, subject = result.stdout.splitlines()
    assert {"epochs", "identity"} <= set(operators.split())
    assert Path(subject) == (tmp_path / "checkout" / "subjects" / "extra").resolve()


def test_importing_it_is_light(tmp_path: Path) -> None:
    heavy = "{'pandas', 'numpy', 'scipy', 'pydantic', 'click', 'rich', 'yaml', 'torch'}"
    code = f"import sys, mutegreen.catalog as c; c.operators(); c.subjects(); print({heavy} & set(sys.modules))"
    result = python("-c", code, path=[ROOT], folder=tmp_path)
    assert result.stdout.strip() == "set()", result.stderr


@pytest.mark.parametrize(
    ("kind", "named", "expected"),
    [
        (Kind.EPOCHS, None, "epochs"),
        (Kind.TRAIN_STEPS, None, "epochs"),
        (Kind.WEIGHT_DECAY, None, "weight_decay"),
        (Kind.EPOCHS, "learning_rate", "learning_rate"),
        (Kind.OTHER, "identity", "identity"),
    ],
)
def test_a_name_decides_before_the_kind(kind: Kind, named: str | None, expected: str) -> None:
    found = catalog.operator_for(hyperparameter(kind, named))
    assert found is not None
    assert found.name == expected


def test_a_kind_without_an_operator_has_none() -> None:
    assert catalog.operator_for(hyperparameter(Kind.OTHER)) is None


def test_an_unknown_operator_is_a_usage_error_with_the_names() -> None:
    with pytest.raises(UsageError) as caught:
        catalog.operator_for(hyperparameter(Kind.EPOCHS, "epoch"))
    assert caught.value.message == "operator 'epoch' not found"
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean 'epochs'? the names are: batch_size, dropout, epochs, ")


def test_a_plugin_adds_an_operator_and_a_subject(install: Installer) -> None:
    install(
        "good",
        {"good_op.py": OPERATOR.format(name="doubled"), "good_subject/subject.toml": ""},
        """
        [mutegreen.operators]
        doubled = good_op:Found
        [mutegreen.subjects]
        fitted = good_subject
        """,
    )
    assert catalog.operators()["doubled"].values(1, 2, random.Random(0)) == [2]
    assert catalog.find_subject("somewhere/fitted").name == "good_subject"
    assert catalog.problems() == []


def test_a_subject_is_found_without_running_its_training(install: Installer) -> None:
    install(
        "trained",
        {"trained/__init__.py": "", "trained/train.py": "raise SystemExit('trains')", "trained/subject.toml": ""},
        """
        [mutegreen.subjects]
        trained = trained.train
        """,
    )
    assert catalog.subjects()["trained"].name == "trained"
    assert "trained.train" not in sys.modules


BROKEN_OPERATORS = {
    "missing_module": ({}, "no_such_module:Found", "ModuleNotFoundError: No module named 'no_such_module'"),
    "missing_class": ({"b1.py": ""}, "b1:Found", "AttributeError: module 'b1' has no attribute 'Found'"),
    "raises": ({"b2.py": "1 / 0"}, "b2:Found", "ZeroDivisionError: division by zero"),
    "exits": ({"b3.py": "raise SystemExit('bye')"}, "b3:Found", "SystemExit: bye"),
    "no_operator": ({"b4.py": "Found = 3"}, "b4:Found", "TypeError: b4:Found is not a complete subclass of"),
    "abstract": (
        {"b5.py": "from mutegreen.plugins import Operator as Found"},
        "b5:Found",
        "TypeError: b5:Found is not a complete subclass of mutegreen.plugins.Operator",
    ),
    "unfinished": (
        {"b6.py": OPERATOR.format(name="b6").replace("summary", "text").replace("examples", "cases")},
        "b6:Found",
        "TypeError: b6:Found has no summary, examples",
    ),
}


@pytest.mark.parametrize("case", BROKEN_OPERATORS)
def test_a_broken_operator_is_left_out_and_reported(case: str, install: Installer) -> None:
    files, target, reason = BROKEN_OPERATORS[case]
    install("broken", files, f"[mutegreen.operators]\nbad = {target}\n")
    assert "epochs" in catalog.operators()
    (problem,) = catalog.problems()
    assert problem.startswith(f"mutegreen.operators entry point 'bad' of broken 1.0 does not load: {reason}")


@pytest.mark.parametrize(
    ("files", "target", "reason"),
    [
        ({}, "no_such_module", "ModuleNotFoundError: no module named no_such_module"),
        ({"empty_subject/__init__.py": ""}, "empty_subject", "FileNotFoundError: no subject.toml in "),
        ({"s1/__init__.py": "1 / 0"}, "s1.inner", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_subject_is_left_out_and_reported(
    files: dict[str, str], target: str, reason: str, install: Installer
) -> None:
    install("broken", files, f"[mutegreen.subjects]\nbad = {target}\n")
    assert "bad" not in catalog.subjects()
    (problem,) = catalog.problems()
    assert problem.startswith(f"mutegreen.subjects entry point 'bad' of broken 1.0 does not load: {reason}")
    with pytest.raises(UsageError) as caught:
        catalog.find_subject("bad")
    assert problem in str(caught.value.hint)


def test_our_own_win_over_a_plugin_of_the_same_name(install: Installer) -> None:
    install("clash", {"clash_op.py": OPERATOR.format(name="epochs")}, "[mutegreen.operators]\nx = clash_op:Found\n")
    assert type(catalog.operators()["epochs"]).__module__ == "mutegreen.operators.epochs"
    assert catalog.problems() == [
        "mutegreen.operators entry point 'x' of clash 1.0 is skipped: the name 'epochs' is taken"
    ]


def test_a_callers_changes_stay_with_the_caller() -> None:
    catalog.operators().clear()
    catalog.subjects().clear()
    assert "epochs" in catalog.operators()


@pytest.fixture
def fitted(install: Installer) -> None:
    install("fit", {"fit/subject.toml": "", "fit/train.py": ""}, "[mutegreen.subjects]\nfitted = fit\n")


@pytest.mark.usefixtures("fitted")
def test_a_folder_comes_before_a_packaged_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "fitted"
    folder.mkdir()
    assert catalog.find_subject("fitted").name == "fit"
    (folder / "subject.toml").touch()
    for name in ("fitted", "./fitted/", "fitted/subject.toml", str(folder)):
        assert catalog.find_subject(name) == folder.resolve()
    monkeypatch.chdir(folder)
    assert catalog.find_subject(".") == catalog.find_subject("subject.toml") == folder.resolve()


@pytest.mark.usefixtures("fitted")
@pytest.mark.parametrize("name", ["fitted", "subjects/fitted", "/nowhere/fitted/", "subjects/fitted/subject.toml"])
def test_the_last_part_of_a_path_finds_a_packaged_subject(name: str) -> None:
    assert (catalog.find_subject(name) / "train.py").is_file()


@pytest.mark.usefixtures("fitted")
@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        (
            "fited",
            "subject 'fited' not found: no folder of that name in {here}, and no bundled subject",
            "did you mean 'fitted'? ",
        ),
        (
            "a/b/zzz",
            "subject 'a/b/zzz' not found: no folder of that name in {here}, and no bundled subject",
            "the names are: ",
        ),
        (
            "plain",
            "subject 'plain' not found: the folder has no subject.toml, and no bundled subject has that name",
            "the names are: ",
        ),
        (
            ".",
            "subject '.' not found: the folder has no subject.toml, and no bundled subject has that name",
            "the names are: ",
        ),
        (
            "train.py",
            "subject 'train.py' not found: it is a file, and a subject is a folder with a subject.toml",
            "the names are: ",
        ),
    ],
)
def test_no_such_subject(name: str, message: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").mkdir()
    (tmp_path / "train.py").touch()
    with pytest.raises(UsageError) as caught:
        catalog.find_subject(name)
    assert caught.value.message == message.format(here=Path.cwd())
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)
    assert "fitted" in caught.value.hint
