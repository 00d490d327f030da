"""Progress of a study on stderr: finished trials, time left, energy so far, the current step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mutegreen.cli.common import print_unavailable
from mutegreen.cli.live.audit_progress import result_text
from mutegreen.cli.live.live_line import LiveLine, cost, energy_text, machine_j
from mutegreen.cli.preview.study_preview import left_s
from mutegreen.harness import events
from mutegreen.model import Outcome
from mutegreen.replication.measurements import spent_j

if TYPE_CHECKING:
    from rich.console import Console

    from mutegreen.cli.metering import Meters
    from mutegreen.replication.runner import PartProgress
    from mutegreen.store.store import Store


@dataclass
class _Slowdown:
    """Expected and measured time of the trials that ended in this process, seconds."""

    expected_s: float = 0.0
    taken_s: float = 0.0

    @property
    def factor(self) -> float:
        """Return measured over expected time; 1 if no trial has ended."""
        return self.taken_s / self.expected_s if self.expected_s else 1.0


class StudyProgress:
    """Shows the progress of a study: a live line on a terminal, a line for each trial in a log."""

    def __init__(self, console: Console, store: Store, parts: Sequence[PartProgress]) -> None:
        self._console = console
        self._parts = list(parts)
        self._left_s = {each.part.name: left_s(each, store.path) for each in parts}
        self._left = {each.part.name: each.pending for each in parts}
        self._total = sum(len(each.part.plan.trials) for each in parts)
        self._spent_j = spent_j(store, [each.audit for each in parts if each.audit]) or 0.0
        self._line = LiveLine(console)
        self._slowdown = _Slowdown()
        self._mark_s = 0.0
        self._name = ""
        self._meters: Meters | None = None

    def __enter__(self) -> Self:
        ended = [each.part.name for each in self._parts if each.has_ended]
        if ended:
            self._print(f"finished already: {', '.join(ended)}")
        for each in self._parts:
            if each.outdated:
                self._print(f"{each.part.name} has changed since audit {each.outdated}, and is audited again", "yellow")
        return self

    def __exit__(self, *exception: object) -> None:
        self._line.stop()

    @contextmanager
    def part(self, state: PartProgress, meters: Meters) -> Iterator[None]:
        """Show the progress of one part, which has its own meters."""
        if self._meters is None:
            domains = ", ".join(f"{domain} ({quality})" for domain, quality in meters.quality.items())
            self._print(f"energy domains: {domains or 'none'}")
            print_unavailable(self._console, meters.unavailable)
        self._meters, self._name, self._mark_s = meters, state.part.name, time.monotonic()
        position = 1 + self._parts.index(state)
        count = f"{state.pending} of {len(state.part.plan.trials)} trials"
        self._print(f"{self._name} ({position} of {len(self._parts)}): {count}", style="bold")
        try:
            yield
        finally:
            self._spent_j += self._here_j()
            self._total -= self._left[self._name]
            self._left[self._name], self._left_s[self._name] = 0, 0.0

    def on_event(self, event: events.Event) -> None:
        """Show an event of the running audit."""
        match event:
            case events.PreflightStarted():
                self._now("preflight: training the original once")
            case events.BackgroundsStarted():
                self._now(f"preparing the background load: {', '.join(event.names)} (each subject is trained once)")
            case events.WarmingUp():
                self._now(f"warming up the background load: {', '.join(event.names)}")
            case events.PreflightEnded():
                self._mark_s = time.monotonic()
                for warning in event.warnings:
                    self._print(f"warning: {warning}", style="yellow")
            case events.Noted():
                self._print(f"warning: {event.text}", style="yellow")
            case events.TrialStarted():
                self._now(f"training {event.trial.mutant}, block {event.trial.block + 1}")
            case events.TrialEnded():
                self._ended(event)

    def _ended(self, event: events.TrialEnded) -> None:
        self._update_slowdown()
        self._left[self._name] -= 1
        result = event.result
        if result.outcome is not Outcome.OK:
            self._print(f"{self._name}, {event.trial.mutant}: {result.outcome}: {result.reason}", style="yellow")
        if not self._console.is_terminal:
            self._print(
                f"{self._count()} {self._name}, {event.trial.mutant}: {result_text(result)}; {self._cost()} so far"
            )

    def _update_slowdown(self) -> None:
        """Subtract the expected time of one trial from the time left, and compare it with the measured time."""
        now_s, left = time.monotonic(), self._left_s[self._name]
        if left is not None:
            share_s = left / max(self._left[self._name], 1)
            self._left_s[self._name] = left - share_s
            self._slowdown.expected_s += share_s
            self._slowdown.taken_s += now_s - self._mark_s
        self._mark_s = now_s

    def _now(self, what: str) -> None:
        self._line.show(f"{self._count()} {self._name}: {what}", self._cost())

    def _count(self) -> str:
        return f"[{self._total - sum(self._left.values())}/{self._total}]"

    def _cost(self) -> str:
        known = [left for left in self._left_s.values() if left is not None]
        is_known = len(known) == len(self._left_s)
        return cost(sum(known) * self._slowdown.factor if is_known else None, self._energy())

    def _energy(self) -> str:
        """Return the energy of the machine while parts ran, and of the trials stored before."""
        assert self._meters is not None
        so_far_j = self._spent_j + self._here_j() if self._meters.quality else None
        return energy_text(so_far_j, "estimated" in self._meters.quality.values())

    def _here_j(self) -> float:
        assert self._meters is not None
        return machine_j(self._meters.recorder.energy_so_far())

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, soft_wrap=True)
