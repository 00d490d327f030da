import math

import pytest

from mutegreen.harness.observe.outcome import OutputTail, classify
from mutegreen.harness.observe.performance import OutputReader
from mutegreen.harness.process.command import CommandResult, OutputLine
from mutegreen.model import Evidence, Outcome, Performance

PATTERN = r"accuracy=(\S+)"
APPLIED = Evidence("lr", 0.1, True, "seen")
NOT_APPLIED = Evidence("lr", 0.1, False, "train.py got --lr = 1.0")


def ended(
    output: str, status: int = 0, timed_out: bool = False, oom: bool = False, evidence: Evidence = APPLIED
) -> str:
    reader, tail = OutputReader(Performance(pattern=PATTERN)), OutputTail()
    for number, text in enumerate(output.splitlines()):
        line = OutputLine(float(number), "out", text)
        reader.feed(line)
        tail.feed(line)
    outcome, reason = classify(CommandResult(status, 1.0, 1.0, 1, timed_out), tail, reader, [evidence], oom_killed=oom)
    assert (reason is None) == (outcome is Outcome.OK)
    return str(outcome)


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ("ok", {"output": "loss: 0.3 accuracy=0.9"}),
        ("timeout", {"output": "accuracy=0.9", "status": -15, "timed_out": True}),
        ("failed", {"output": "Traceback\nValueError: no", "status": 1}),
        ("failed", {"output": "", "status": -11}),
        ("failed", {"output": "nothing to see"}),
        ("failed", {"output": "accuracy=0.9", "status": -9}),
        ("out_of_memory", {"output": "accuracy=0.9", "status": -9, "oom": True}),
        ("out_of_memory", {"output": "torch.OutOfMemoryError: CUDA out of memory. Tried to", "status": 1}),
        (
            "out_of_memory",
            {"output": "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory", "status": 1},
        ),
        ("out_of_memory", {"output": "MemoryError", "status": 1}),
        ("out_of_memory", {"output": "numpy: Unable to allocate 7 TiB for an array", "status": 1}),
        ("out_of_memory", {"output": "ResourceExhaustedError: OOM when allocating", "status": 1}),
        ("out_of_memory", {"output": "terminate: std::bad_alloc", "status": -6}),
        ("diverged", {"output": "Average loss: nan, accuracy=0.1"}),
        ("diverged", {"output": "{'loss': inf} accuracy=0.1"}),
        ("diverged", {"output": "accuracy=nan"}),
        ("diverged", {"output": "loss=nan\nRuntimeError: loss is not finite", "status": 1}),
        ("ok", {"output": "loss: inf accuracy=0.1\nloss: 0.2 accuracy=0.9"}),
        ("not_applied", {"output": "accuracy=0.9", "evidence": NOT_APPLIED}),
        ("failed", {"output": "accuracy=0.9", "status": 2, "evidence": NOT_APPLIED}),
    ],
)
def test_outcomes_are_distinguished(expected: str, arguments: dict[str, object]) -> None:
    assert ended(**arguments) == expected  # type: ignore[arg-type]


def performances(pattern: str, *texts: str) -> list[float]:
    reader = OutputReader(Performance(pattern=pattern))
    for text in texts:
        reader.feed(OutputLine(1.0, "out", text))
    return [epoch.performance for epoch in reader.epochs]


def test_each_match_is_an_epoch_and_the_last_is_the_result() -> None:
    assert performances(PATTERN, "accuracy=0.1", "other", "accuracy=0.7") == [0.1, 0.7]


def test_a_fraction_is_divided_out() -> None:
    line = "Test set: Average loss: 0.7201, Accuracy: 308/360 (86%)"
    assert performances(r"Accuracy: (?P<value>\d+)/(?P<of>\d+)", line) == [308 / 360]


def test_a_match_that_is_no_number_is_a_fault_of_the_pattern_and_no_divergence() -> None:
    assert performances(PATTERN, "accuracy=high") == []
    assert ended("accuracy=1,234.5") == "failed"
    assert ended("accuracy=high\naccuracy=0.5") == "ok"
    assert math.isnan(performances(PATTERN, "accuracy=nan")[0])


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("Test set: Average loss: 0.7201, Accuracy", 0.7201),
        ("phase=val, Loss=1611774.7500, Acc=0.2500", 1611774.75),
        ("train loss 0.4512  test accuracy", 0.4512),
        ("{'loss': 1e-3}", 1e-3),
        ("val_loss: -inf", -math.inf),
        ("loss tensor(nan)", math.nan),
        ("loss scale reduced", None),
        ("lossless", None),
    ],
)
def test_losses_as_trainings_print_them(text: str, loss: float | None) -> None:
    reader = OutputReader(Performance(pattern=PATTERN))
    reader.feed(OutputLine(0.0, "out", text))
    assert reader.last_loss == pytest.approx(loss, nan_ok=True)
