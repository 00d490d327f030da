"""What is read from a line of output or a file of results, line by line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import OutputLine
from mutegreen.model import ExtraMetric, Performance


def reader(pattern: str, *lines: str, evidence: str | None = None, loss: str | None = None) -> OutputReader:
    found = OutputReader(Performance(pattern=pattern, loss=loss), {"lr": evidence} if evidence else {})
    for second, text in enumerate(lines):
        found.feed(OutputLine(float(second), "out", text))
    return found


@pytest.mark.parametrize(
    ("pattern", "line", "value"),
    [
        (r"accuracy (\S+)", "accuracy 0.25", 0.25),
        (r"accuracy (\S+)", "accuracy 25.5%, loss 1", 25.5),
        (r"accuracy (\S+)", "accuracy -1.5e-3.", -0.0015),
        (r"(?P<of>\d+) points, (?P<value>\d+) right", "8 points, 6 right", 0.75),
        (r"(?P<value>\d+)(?:/(?P<of>\d+))?", "6", 6),
        (r"acc=(\d+)|accuracy=(\d+)", "accuracy=6", 6),
        (r"accuracy (\S+)", "accuracy 0.1 and then accuracy 0.2", 0.2),
    ],
)
def test_the_value_of_a_line(pattern: str, line: str, value: float) -> None:
    assert reader(pattern, line).result == value


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (r"accuracy (\S+)", "accuracy n/a"),
        (r"accuracy (\S*)", "accuracy "),
        (r"(?P<value>\d+)/(?P<of>\S+)", "1/all"),
        (r"accuracy (\S+)", "accuracy 0.5\naccuracy n/a"),
    ],
)
def test_what_is_no_number_is_not_taken_for_one(pattern: str, line: str) -> None:
    found = reader(pattern, *line.splitlines())
    assert found.unreadable is not None
    assert not found.diverged


def test_a_part_of_nothing_is_not_a_number() -> None:
    found = reader(r"(?P<value>\d+)/(?P<of>\d+)", "0/0")
    assert found.result is not None
    assert math.isnan(found.result)
    assert found.diverged


def test_each_match_is_an_epoch_with_its_time() -> None:
    found = reader(r"accuracy (\S+)", "accuracy 0.1", "nothing", "accuracy 0.2")
    assert [(epoch.performance, epoch.time_s) for epoch in found.epochs] == [(0.1, 0.0), (0.2, 2.0)]


@pytest.mark.parametrize(
    "line", ["loss: nan", "Average loss: NaN, x", "{'val_loss': inf}", "loss=tensor(nan, device='cuda:0')", "loss -inf"]
)
def test_losses_that_are_not_finite(line: str) -> None:
    assert reader(r"acc (\S+)", "loss: 0.5", line).diverged
    assert not reader(r"acc (\S+)", line, "loss: 0.5").diverged, "the last one counts"


@pytest.mark.parametrize("line", ["loss_info: 3 batches", "Loss information is in log.txt", "loss nanny", "no losses"])
def test_words_that_only_begin_like_a_loss(line: str) -> None:
    assert not reader(r"acc (\S+)", line).diverged


def test_a_loss_and_an_evidence_are_the_group_that_took_part() -> None:
    found = reader(
        r"acc (\S+)", "lr=0.5", "rate=0.25 cost nan", evidence=r"lr=(\S+)|rate=(\S+)", loss=r"error (\S+)|cost (\S+)"
    )
    assert found.seen == {"lr": "0.25"}
    assert found.diverged


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"test": {"accuracy": [0.5, 0.75]}}', None),
        ('{"test": {"accuracy": 0.75}}', None),
        ('{"test": {"accuracy": []}}', "r.json has an empty list at test.accuracy"),
        ('{"test": {"accuracy": {"top1": 0.75}}}', "r.json has no number at test.accuracy: TypeError"),
        ('{"test": {}}', "r.json has no number at test.accuracy: KeyError"),
        ('{"test": 1}', "r.json has no number at test.accuracy: TypeError"),
        ("{", "r.json has no number at test.accuracy: JSONDecodeError"),
        (None, "r.json cannot be read: No such file or directory"),
    ],
)
def test_a_file_of_results(tmp_path: Path, text: str | None, fault: str | None) -> None:
    if text is not None:
        (tmp_path / "r.json").write_text(text)
    found = OutputReader(Performance(file="r.json", key="test.accuracy"))
    said = found.read_file(tmp_path)
    assert (said or "").startswith(fault or "")
    assert (said is None) is (fault is None)
    assert found.result == (0.75 if fault is None else None)


def further(*lines: str, **patterns: str) -> dict[str, float]:
    also = tuple(ExtraMetric(name, pattern=pattern) for name, pattern in patterns.items())
    found = OutputReader(Performance(pattern=r"rank-1 (\S+)", also=also))
    for second, text in enumerate(lines):
        found.feed(OutputLine(float(second), "out", text))
    return found.extra_metrics


def test_the_last_value_of_each_extra_metric_is_kept() -> None:
    lines = ("rank-1 0.5 mAP 30%", "mAP 40% after mAP 35%, 3/4 right", "rank-1 0.6")
    assert further(*lines, mAP=r"mAP (\S+)", right=r"(?P<value>\d+)/(?P<of>\d+)", r5=r"rank-5 (\S+)") == {
        "mAP": 35.0,
        "right": 0.75,
    }


def test_an_outdated_extra_metric_is_removed() -> None:
    assert further("mAP 0.4", "mAP n/a", mAP=r"mAP (\S+)") == {}
    assert further("mAP n/a", "mAP 0.4", mAP=r"mAP (\S+)") == {"mAP": 0.4}


def test_an_extra_metric_does_not_change_the_outcome() -> None:
    also = (ExtraMetric("mAP", pattern=r"mAP (\S+)"),)
    found = OutputReader(Performance(pattern=r"rank-1 (\S+)", also=also))
    found.feed(OutputLine(0.0, "out", "rank-1 0.5 mAP nan"))
    assert math.isnan(found.extra_metrics["mAP"])
    assert (found.result, found.diverged, found.unreadable) == (0.5, False, None)
    assert [epoch.performance for epoch in found.epochs] == [0.5]
