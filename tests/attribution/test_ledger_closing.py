"""The end of a ledger: whoever is still there leaves, and no fault of a driver reaches the caller."""

from __future__ import annotations

import threading

import pytest

from mutegreen.attribution import ledger as module
from mutegreen.attribution.gpu_use import GpuUse
from mutegreen.attribution.processes import Processes
from mutegreen.attribution.usage import Usage
from mutegreen.meters.nvml.library import Fault
from support.ledger_fakes import LedgerWorld
from support.limits import EVENT_S

GPU, OTHER = "gpu:a", "gpu:b"


class Driver:
    """NVML of two GPUs, one of which does not report how much of its memory is free."""

    def free_memory(self, gpu: str) -> int:
        if gpu == "b":
            raise Fault(999, "Unknown Error")
        return 5 * 2**30


def test_those_who_are_still_there_leave_when_the_ledger_closes() -> None:
    world = LedgerWorld(gpu_a=100.0)
    with world.ledger as ledger:
        ledger.enter("a")
        ledger.enter("b")
        world.go_on(2)
    (span,) = ledger.spans()
    assert span.attributed_j == {GPU: pytest.approx(200.0)}


def test_a_use_that_cannot_be_closed_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = LedgerWorld(gpu_a=100.0)
    monkeypatch.setattr(world.usage, "close", lambda: 1 // 0)
    with world.ledger:
        pass


def test_a_ledger_whose_ticker_hangs_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver may hang for ever: closing waits for a while, and touches nothing that the ticker may be using."""
    world, hung, let_go = LedgerWorld(gpu_a=100.0), threading.Event(), threading.Event()

    def tick() -> None:
        hung.set()
        assert let_go.wait(EVENT_S)

    monkeypatch.setattr(module, "JOIN_TIMEOUT_S", 0.01)
    monkeypatch.setattr(world.ledger, "tick", tick)
    monkeypatch.setattr(world.ledger, "_period_s", 0.001)
    world.ledger.enter("a")
    with world.ledger:
        assert hung.wait(EVENT_S)
    assert world.ledger.spans() == ()
    let_go.set()


def test_a_ledger_that_was_never_entered_closes_too() -> None:
    world = LedgerWorld(gpu_a=100.0)
    world.ledger.enter("a")
    world.ledger.__exit__(None, None, None)
    assert len(world.ledger.spans()) == 1


def test_free_memory_is_that_of_the_gpus_that_report_it() -> None:
    gpus = GpuUse(Driver(), {GPU: "a", OTHER: "b"})  # type: ignore[arg-type,dict-item]
    usage = Usage(Processes(), gpus)
    assert usage.free_gpu_bytes() == {GPU: 5 * 2**30}
    assert any(f"{OTHER} does not report how much of its memory is free" in note for note in usage.notes())
    assert LedgerWorld(gpu_a=1.0).ledger.free_gpu_bytes() == {}
