"""`--performance NAME`: an extra metric is analysed in place of the performance."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from mutegreen.cli.main import cli
from mutegreen.store.rows import read_csv
from support.commands import Run
from support.simulated import noisy, rows_of
from support.tiny import SUBJECT, TRAIN, write_subject

ARMS = noisy({"original": (0.0, 0.0), "epochs=1": (-0.3, -0.1), "epochs=3": (0.3, 0.05)})
PERFORMANCE, LOSS = rows_of(ARMS)["performance"], 1.0 - rows_of(ARMS)["performance"] ** 2
ALSO = "also = { loss = { pattern = 'loss: (\\S+)', goal = \"minimize\", tolerance = 0.2 }, gone = 'gone (.)' }\n"


def written(folder: Path, **columns: Any) -> Path:
    """Rows with further columns, as a file."""
    file = folder / "rows.csv"
    rows_of(ARMS).drop(columns="goal", errors="ignore").assign(**columns).to_csv(file, index=False)
    return file


def invoked(*words: str) -> str:
    ended = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def stats(file: Path, *words: str) -> str:
    return invoked("stats", "--csv", str(file), *words)


@pytest.mark.parametrize("protocol", ["careful", "paper"])
def test_an_extra_metric_is_analysed_as_if_it_were_the_performance(tmp_path: Path, protocol: str) -> None:
    words = ("--json", "--protocol", protocol)
    plain = json.loads(stats(written(tmp_path, performance=LOSS, goal="minimize"), *words))
    file = written(tmp_path, goal="maximize", performance_loss=LOSS, goal_loss="minimize")
    further = json.loads(stats(file, *words, "--performance", "loss"))
    assert further["goals"] == {"simulated": "minimize"}
    assert (plain.pop("performance_figure"), further.pop("performance_figure")) == (None, "loss")
    assert [note for note in further.pop("notes") if note not in plain["notes"]] == [
        "performance is loss; only its last value in each trial is stored, so there is no energy to target."
    ]
    assert further == {key: value for key, value in plain.items() if key != "notes"}


def test_without_the_option_nothing_changes(tmp_path: Path) -> None:
    file = written(tmp_path, performance_loss=LOSS, goal_loss="minimize")
    before = stats(written(tmp_path), "--json")
    assert stats(file, "--json") == before


def test_a_goal_that_is_not_said_is_to_maximize(tmp_path: Path) -> None:
    file = written(tmp_path, goal="minimize", performance_mAP=LOSS)
    assert json.loads(stats(file, "--json", "--performance", "mAP"))["goals"] == {"simulated": "maximize"}


def test_trials_without_the_metric_have_no_performance(tmp_path: Path) -> None:
    file = written(tmp_path, performance_mAP=[*LOSS[:-1], None])
    rows = json.loads(stats(file, "--json", "--performance", "mAP", "--protocol", "paper"))["verdict"]
    assert {row["mutant"]: row["n"] for row in rows if row["metric"] == "performance"} == {"epochs=1": 5, "epochs=3": 4}


@pytest.mark.parametrize("form", ["tables", "markdown", "latex"])
def test_the_title_names_the_metric(tmp_path: Path, form: str) -> None:
    file = written(tmp_path, performance_mAP=LOSS)
    assert "simulated, exclusive, performance: mAP" in stats(file, "--performance", "mAP", "--format", form)
    text = stats(file, "--performance", "mAP", "--format", "csv")
    assert set(pd.read_csv(io.StringIO(text))["performance_figure"]) == {"mAP"}


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ({"performance_mAP": 0.5, "performance_loss": 0.5}, "its extra metrics are: mAP, loss"),
        ({}, "[performance.also] in subject.toml declares extra metrics"),
    ],
)
def test_an_unknown_metric_is_refused_with_the_known_ones(
    tmp_path: Path, mutegreen: Run, columns: dict[str, float], hint: str
) -> None:
    ended = mutegreen("stats", "--csv", written(tmp_path, **columns), "--performance", "map")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"Error: rows.csv has no extra metric map\n  {hint}\n"


def test_a_metric_that_is_not_a_number_is_reported_with_its_line(tmp_path: Path, mutegreen: Run) -> None:
    file = written(tmp_path, performance_mAP=["good", *LOSS[1:]])
    ended = mutegreen("stats", "--csv", file, "--performance", "mAP")
    assert ended.returncode == 2
    assert "rows.csv, line 2: performance_mAP is 'good', not a number" in ended.stderr
    assert len(read_csv(file)) == len(LOSS), "another column of that name is ignored"


def test_an_audit_and_its_export_give_the_same_and_figures_have_files_of_their_own(
    tmp_path: Path, mutegreen: Run
) -> None:
    toml = SUBJECT.replace("\n[hyperparameters.epochs]", f"{ALSO}\n[hyperparameters.epochs]")
    subject = write_subject(tmp_path / "points", TRAIN, toml)
    ran = mutegreen(
        "run", subject, "--values", "epochs=2,16", "--operators", "epochs", "--repetitions", "3", "--cooldown", "0"
    )
    assert ran.returncode == 0, ran.stderr
    assert "warning: gone: this extra metric was not found" in ran.stderr
    assert "loss: this further" not in ran.stderr
    store = ("--store", str(tmp_path / "reports" / "mutegreen.sqlite"))
    exported = tmp_path / "rows.csv"
    exported.write_text(invoked("export", *store))
    results = pd.read_csv(exported)
    assert results["performance_loss"].between(0, 1).all()
    assert results["performance_gone"].isna().all()
    words = ("stats", "--performance", "loss", "--json")
    of_audit, of_file = (
        json.loads(invoked(*words, "--protocol", "paper", *way)) for way in (store, ("--csv", str(exported)))
    )
    assert of_audit["verdict"] == of_file["verdict"]
    assert of_audit["goals"] == {"points": "minimize"}
    careful = json.loads(invoked(*words, *store))
    assert {row["margin"] for row in careful["verdict"] if row["metric"] == "performance"} == {0.2}
    assert careful["energy_to_target"] == []
    assert f"loss {results['performance_loss'][0]:.6g}" in invoked("show", "1", *store)
    for which in ((), ("--performance", "loss")):
        invoked("plot", "--kind", "values", "--out", str(tmp_path / "figures"), *which, *store)
    assert len(list((tmp_path / "figures").iterdir())) == 2
