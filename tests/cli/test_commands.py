"""Exit statuses, JSON and messages of the commands."""

import csv
import io
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from support.audits import SMALL, started, wait_for, window_s
from support.commands import Run
from support.limits import PROCESS_S
from support.tiny import write_subject

TRACE = "# quality=counter\ntime_s,gpu:GPU-1,cpu:package-0\n0,0,0\n600,60000,6000\n"


def test_from_a_script_to_tables(audited: dict[str, Any], mutegreen: Run) -> None:
    tables = mutegreen("stats")
    assert tables.returncode == 0, tables.stderr
    assert "learning_rate" in tables.stdout
    assert "est." in tables.stdout
    assert "gpu energy is not measured" in tables.stderr
    found = json.loads(mutegreen("stats", audited["audit"], "--json").stdout)
    assert found["audit"] == audited["audit"]
    assert {row["metric"] for row in found["verdict"]} == {"package_j", "dram_j", "duration_s", "performance"}
    assert {row["energy"] for row in found["win_tie_loss"]} == {"package_j", "dram_j"}


def test_an_exported_audit_gives_the_same_statistics(audited: dict[str, Any], mutegreen: Run, tmp_path: Path) -> None:
    text = mutegreen("export", audited["audit"]).stdout
    (tmp_path / "rows.csv").write_text(text)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 10
    assert {row["gpu_j"] for row in rows} == {""}, "not measured is empty"
    contract = ["subject", "background", "mutant", "hyperparameter", "value", "default", "repetition"]
    assert list(rows[0])[:12] == [*contract, "package_j", "dram_j", "gpu_j", "duration_s", "performance"]
    ours = json.loads(mutegreen("stats", "--json").stdout)
    theirs = json.loads(mutegreen("stats", "--csv", "rows.csv", "--json").stdout)
    for table in ("correlation", "verdict", "win_tie_loss"):
        assert ours[table] == theirs[table]


def test_exports_agree_with_each_other(audited: dict[str, Any], mutegreen: Run, tmp_path: Path) -> None:
    import pandas as pd

    as_csv = pd.read_csv(io.StringIO(mutegreen("export").stdout))
    as_json = pd.DataFrame(json.loads(mutegreen("export", "--format", "json").stdout))
    mutegreen("export", "--format", "parquet", "-o", "rows.parquet")
    as_parquet = pd.read_parquet(tmp_path / "rows.parquet")
    for column in ("package_j", "duration_s", "performance"):
        assert as_csv[column].tolist() == as_parquet[column].tolist()
        assert as_csv[column].tolist() == pytest.approx(as_json[column].tolist(), rel=1e-12)
    assert as_parquet["gpu_j"].isna().all()


def test_show_describes_mutants_and_trials(audited: dict[str, Any], mutegreen: Run) -> None:
    name = next(
        r["mutant"] for r in json.loads(mutegreen("stats", "--json").stdout)["verdict"] if "rate" in r["mutant"]
    )
    shown = mutegreen("show", name).stdout
    value = name.partition("=")[2]
    assert "- python train.py --epochs 8 --lr 0.5" in shown
    assert f"+ python train.py --epochs 8 --lr {value}" in shown
    assert "(estimated by the meter estimate)" in mutegreen("show", "1").stdout
    assert "ok" in mutegreen("show").stdout
    wrong = mutegreen("show", "nothing")
    assert wrong.returncode == 2
    assert name in wrong.stderr


def test_audits_lists_the_audits_of_the_store(audited: dict[str, Any], mutegreen: Run) -> None:
    assert audited["audit"] in mutegreen("audits").stdout
    (found,) = json.loads(mutegreen("audits", "--json").stdout)
    assert found["trials"] == {"ok": 10}
    assert found["environment"]["cpus"] >= 1


def test_a_replayed_trace_is_measured_as_it_was_recorded(subject: Path, mutegreen: Run, tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    done = mutegreen("run", subject, *SMALL, "--meter", "replay:trace.csv", "--require", "gpu,cpu", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(mutegreen("export", "--format", "json").stdout)
    windows = window_s(tmp_path / "reports/mutegreen.sqlite")
    for row in rows:
        assert windows[row["trial"]] >= row["duration_s"], "the start counts too"
        assert row["gpu_j"] == pytest.approx(100 * windows[row["trial"]], rel=1e-6)
        assert row["gpu_j"] / row["package_j"] == pytest.approx(10)
        assert (row["quality_gpu_j"], row["dram_j"]) == ("counter", None)


def test_require_refuses_before_anything_is_trained(subject: Path, mutegreen: Run, tmp_path: Path) -> None:
    for words in (("run", subject), ("measure", "--", "touch", "ran")):
        done = mutegreen(*words[:1], "--require", "gpu", *words[1:])
        assert done.returncode == 2
        assert "gpu" in done.stderr
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "reports").exists()


def test_doctor_lists_domains_and_unavailable_meters(mutegreen: Run) -> None:
    found = json.loads(mutegreen("doctor", "--json").stdout)
    assert {d["domain"] for d in found["domains"]} == {"cpu:package-0", "dram:package-0"}
    assert all(set(d) == {"domain", "meter", "quality", "idle_w"} and d["idle_w"] > 0 for d in found["domains"])
    assert all(set(item) == {"meter", "reason", "remedy"} for item in found["unavailable"])
    lines = mutegreen("doctor").stdout.splitlines()
    assert "estimated: watts from a model of CPU time, not measured" in lines
    assert "`mutegreen help metering`" in lines[-1]


def test_measure_is_transparent(mutegreen: Run) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.stdout.write('no newline'); sys.exit(7)"
    done = mutegreen("measure", "--idle", "0.2", "--json", "--", sys.executable, "-c", code)
    assert done.returncode == 7
    *own, last = done.stdout.splitlines()
    assert own == ["out", "no newline"]
    found = json.loads(last)
    assert found["status"] == 7
    assert found["duration_s"] > 0
    assert {d["quality"] for d in found["domains"]} == {"estimated"}
    assert all(d["energy_j"] > 0 and d["net_j"] is not None for d in found["domains"])
    plain = mutegreen("measure", "--idle", "0", "--", "echo", "--json", "-h")
    assert (plain.stdout, plain.returncode) == ("--json -h\n", 0)
    assert "not known" in plain.stderr


def test_measure_of_a_known_load_gives_its_integral(mutegreen: Run, tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    done = mutegreen("measure", "--meter", "replay:trace.csv", "--idle", "0", "--json", "--", "sleep", "1")
    found = json.loads(done.stdout)
    gpu = next(d for d in found["domains"] if d["domain"] == "gpu:GPU-1")
    assert gpu["energy_j"] == pytest.approx(100 * found["duration_s"], rel=0.02)
    assert found["duration_s"] >= 1


def test_measure_of_a_command_that_does_not_exist(mutegreen: Run) -> None:
    done = mutegreen("measure", "--idle", "0", "--", "no-such-program")
    assert done.returncode == 2
    assert "command 'no-such-program' cannot be started" in done.stderr


def test_measure_of_a_command_that_is_stopped(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with started(
        tmp_path, "measure", "--idle", "0", "--json", "--", "sh", "-c", f"touch {begun}; exec sleep 600"
    ) as process:
        wait_for(begun.exists, "the command")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PROCESS_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert json.loads(out)["status"] == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nowhere"), "nowhere"),
        (("run",), "no subject is given"),
        (("run", "points", "--values", "epochs"), "not of the form NAME=A,B"),
        (("run", "points", "--meter", "magic"), "unknown meter 'magic'"),
        (("run", "--resume", "none"), "there is no store"),
        (("run", "points", "--mutants", "0"), "--mutants"),
        (("stats",), "there is no store"),
        (("stats", "a", "--csv", "b"), "an audit and --csv cannot be combined"),
        (("stats", "--csv", "none.csv"), "none.csv"),
        (("export",), "there is no store"),
        (("show", "x"), "there is no store"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_status_2(
    words: tuple[str, ...], said: str, mutegreen: Run, tmp_path: Path
) -> None:
    write_subject(tmp_path / "points")
    done = mutegreen.inside(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
