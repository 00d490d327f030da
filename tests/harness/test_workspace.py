from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.errors import MuteGreenError
from mutegreen.harness.process import workspace
from mutegreen.model import Subject


def load(folder: Path, table: str = "") -> Subject:
    file = folder / "subject.toml"
    file.write_text(file.read_text() + f"\n[workspace]\n{table}\n")
    return config.load(folder)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def test_the_snapshot_leaves_out_what_is_no_part_of_the_program(subject: Path, tmp_path: Path) -> None:
    for name in ("__pycache__/a.pyc", ".git/HEAD", ".venv/x", "big.pt", "models/b.pt", "reports/audits/x", "lib/c.py"):
        (subject / name).parent.mkdir(parents=True, exist_ok=True)
        (subject / name).write_text("x")
    loaded = load(subject, 'exclude = ["*.pt"]')
    workspace.snapshot(loaded, tmp_path / "copy", keep_out=[subject / "reports" / "audits"])
    assert names(tmp_path / "copy") == {"train.py", "subject.toml", "lib/c.py"}


def test_linked_data_are_not_copied(subject: Path, tmp_path: Path) -> None:
    (subject / "data" / "raw").mkdir(parents=True)
    (subject / "data" / "raw" / "x.bin").write_text("data")
    loaded = load(subject, 'link = ["data/raw"]')
    workspace.snapshot(loaded, tmp_path / "copy")
    with workspace.workspace(tmp_path / "copy", tmp_path / "work") as folder:
        assert (folder / "data" / "raw").is_symlink()
        assert (folder / "data" / "raw" / "x.bin").read_text() == "data"
    assert not (tmp_path / "work").exists()
    assert (subject / "data" / "raw" / "x.bin").exists()


def test_the_files_of_a_trial_are_removed_before_the_next(subject: Path, tmp_path: Path) -> None:
    workspace.snapshot(load(subject), tmp_path / "copy")
    for _ in range(2):
        with workspace.workspace(tmp_path / "copy", tmp_path / "work") as folder:
            assert not (folder / "checkpoint").exists()
            (folder / "checkpoint").write_text("x")
            (folder / "train.py").write_text("changed")
    assert (tmp_path / "copy" / "train.py").read_text() == (subject / "train.py").read_text()


def test_the_digest_is_of_names_and_contents(subject: Path, tmp_path: Path) -> None:
    loaded = load(subject)
    first = workspace.snapshot(loaded, tmp_path / "a")
    assert workspace.snapshot(loaded, tmp_path / "b") == first
    (subject / "train.py").write_text("other")
    assert workspace.snapshot(loaded, tmp_path / "c") != first


def test_a_large_folder_is_refused_with_the_remedy(
    subject: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "MAX_SUBJECT_BYTES", 1 << 20)
    (subject / "data.bin").write_bytes(bytes(2 << 20))
    with pytest.raises(MuteGreenError, match="more than 1 MiB") as caught:
        workspace.snapshot(load(subject), tmp_path / "copy")
    assert "link" in str(caught.value.hint)
    workspace.snapshot(load_again(subject), tmp_path / "copy")


def load_again(folder: Path) -> Subject:
    file = folder / "subject.toml"
    file.write_text(file.read_text().replace("[workspace]", '[workspace]\nexclude = ["*.bin"]'))
    return config.load(folder)


def test_the_copy_of_a_read_only_subject_can_be_written(subject: Path, tmp_path: Path) -> None:
    loaded = load(subject)
    for path in (subject / "train.py", subject):
        path.chmod(path.stat().st_mode & ~0o222)
    workspace.snapshot(loaded, tmp_path / "copy")
    subject.chmod(0o755)
    assert all(p.stat().st_mode & 0o200 for p in (tmp_path / "copy", *(tmp_path / "copy").iterdir()))
