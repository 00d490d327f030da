"""Links out of the subject's folder: read through, never written through."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.errors import ConfigError
from mutegreen.harness.process import workspace

SUBJECT = """\
command = "{python} train.py"

[performance]
pattern = 'accuracy (.+)'

[hyperparameters]
epochs = { flag = "--epochs", default = 4 }
"""
SITE = 'learning_rate = {{ config = {{ file = "{file}", key = "rate" }}, default = 0.5 }}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a subject next to a folder with a configuration file."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "settings.toml").write_text("rate = 0.5\n")
    (tmp_path / "points").mkdir()
    return tmp_path / "points"


def write(folder: Path, text: str) -> None:
    (folder / "subject.toml").write_text(text)


def fault(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        config.load(folder)
    (found,) = caught.value.faults
    return found


def test_a_file_with_a_hyperparameter_may_not_be_a_link(folder: Path) -> None:
    (folder / "settings.toml").symlink_to(folder.parent / "elsewhere" / "settings.toml")
    write(folder, SUBJECT + SITE.format(file="settings.toml"))
    assert fault(folder).startswith('hyperparameters.learning_rate.config.file = "settings.toml": is behind a link')


def test_a_site_in_a_linked_folder_is_refused(folder: Path) -> None:
    (folder / "conf").symlink_to("../elsewhere")
    write(folder, SUBJECT + SITE.format(file="conf/settings.toml"))
    assert "is behind a link" in fault(folder)


def test_a_site_in_a_folder_that_the_workspace_links_is_refused(folder: Path) -> None:
    (folder / "conf" / "deep").mkdir(parents=True)
    (folder / "conf" / "deep" / "settings.toml").write_text("rate = 0.5\n")
    write(folder, SUBJECT + SITE.format(file="conf/deep/settings.toml"))
    config.load(folder)
    write(folder, SUBJECT + SITE.format(file="conf/deep/settings.toml") + '[workspace]\nlink = ["conf"]\n')
    assert "is behind a link" in fault(folder)


def test_what_is_linked_must_exist(folder: Path) -> None:
    write(folder, SUBJECT + '[workspace]\nlink = ["data"]\n')
    assert fault(folder).startswith('workspace.link.0 = "data": no such file or folder')


def test_links_lead_to_the_same_place_from_a_workspace(folder: Path) -> None:
    write(folder, SUBJECT)
    (folder / "model.py").write_text("the model")
    links = {"outside": "../elsewhere", "absolute": str(folder.parent / "elsewhere"), "within": "model.py"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    workspace.snapshot(config.load(folder), folder.parent / "copy" / "snapshot")
    with workspace.workspace(folder.parent / "copy" / "snapshot", folder.parent / "work" / "trials" / "1") as copy:
        for name in ("outside", "absolute"):
            assert (copy / name).is_symlink()
            assert (copy / name / "settings.toml").read_text() == "rate = 0.5\n"
        assert (copy / "within").resolve() == (copy / "model.py").resolve(), "a private copy, not the user's file"


@pytest.mark.parametrize(("file", "workdir"), [("/tmp/r.json", "."), ("../r.json", "."), ("../../r.json", "src")])
def test_results_must_be_within_the_workspace(folder: Path, file: str, workdir: str) -> None:
    (folder / "src").mkdir()
    of_file = SUBJECT.replace("pattern = 'accuracy (.+)'", f'file = "{file}"\nkey = "accuracy"')
    write(folder, f'workdir = "{workdir}"\n{of_file}')
    assert fault(folder) == f"performance: file must lie within the subject's folder, and {file} does not"


def test_results_may_be_in_a_folder_next_to_the_working_folder(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "out").mkdir()
    (folder / "out" / "r.json").write_text('{"accuracy": 1}')
    of_file = SUBJECT.replace("pattern = 'accuracy (.+)'", 'file = "../out/r.json"\nkey = "accuracy"')
    write(folder, f'workdir = "src"\n{of_file}')
    workspace.snapshot(config.load(folder), folder.parent / "snapshot")
    assert not (folder.parent / "snapshot" / "out" / "r.json").exists(), "an old result"


def test_the_arguments_are_words_of_their_own(folder: Path) -> None:
    write(folder, SUBJECT.replace("{python} train.py", "sh -c 'train {args} | tail'"))
    assert fault(folder).startswith('command = "')
    assert "{args} is replaced by several words" in fault(folder)


def test_a_seed_that_is_nowhere_is_a_fault(folder: Path) -> None:
    from mutegreen.mutation.site_values import site_faults

    (folder / "train.py").write_text("SEEDS = 1\n")
    write(folder, 'seed = { source = { file = "train.py", name = "SEED" } }\n' + SUBJECT)
    assert list(site_faults(config.load(folder))) == [
        "seed: train.py: no literal is assigned to SEED "
        "(name a variable, keyword argument, parameter or mapping key whose value is a number or a text)"
    ]


def test_the_subjects_own_file_is_copied_whatever_is_excluded(folder: Path) -> None:
    (folder / "other.toml").write_text("")
    write(folder, SUBJECT + '[workspace]\nexclude = ["*.toml"]\n')
    workspace.snapshot(config.load(folder), folder.parent / "snapshot")
    assert [path.name for path in (folder.parent / "snapshot").iterdir()] == ["subject.toml"]
