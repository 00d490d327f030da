"""Keys of a configuration whose value is elsewhere (YAML's references), and keys that are no texts."""

from __future__ import annotations

from pathlib import Path

from mutegreen.scan.scanner import scan


def test_a_value_that_yaml_merges_is_found_under_its_own_key(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import yaml\nconf = yaml.safe_load(open('conf.yaml'))\n")
    (tmp_path / "conf.yaml").write_text(
        "base: &base\n  lr: 0.1\ntrain:\n  <<: *base\n  epochs: 3\non:\n  batch_size: 8\n"
    )
    found = {finding.site: finding.line for finding in scan(tmp_path / "train.py").hyperparameters}
    assert found == {"conf.yaml:base.lr": 2, "conf.yaml:train.epochs": 5}
