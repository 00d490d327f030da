"""Progress of an audit on stderr: finished trials, time left, energy so far, the current step."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Self

from mutegreen import units
from mutegreen.cli.common import print_unavailable
from mutegreen.cli.live.live_line import LiveLine, cost, energy_text, machine_j
from mutegreen.cli.wording.shims import shim_in_trial
from mutegreen.harness import events
from mutegreen.model import Flag, Outcome, Trial, TrialResult

if TYPE_CHECKING:
    from rich.console import Console

    from mutegreen.meters.recorder import Recorder


class AuditProgress:
    """Shows the progress of an audit: a live line on a terminal, a line for each trial in a log."""

    def __init__(self, console: Console, recorder: Recorder, qualities: set[str]) -> None:
        self._console = console
        self._recorder = recorder
        self._estimated = "estimated" in qualities
        self._line = LiveLine(console)
        self._total = 0
        self._done = 0
        self._done_here = 0
        self._expected_s: float | None = None
        self._began_s = 0.0
        self._outcomes: Counter[str] = Counter()
        self._disturbed = 0
        self._under_way: dict[int, Trial] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._line.stop()

    def on_event(self, event: events.Event) -> None:
        """Show an event of the audit."""
        match event:
            case events.AuditOpened():
                self._opened(event)
            case events.BackgroundsStarted():
                self._show_and_log(
                    f"preparing the background load: {', '.join(event.names)} (each subject is trained once)"
                )
            case events.PreflightStarted():
                self._now("preflight: training the original once")
            case events.PreflightEnded():
                self._preflight(event)
            case events.WarmingUp():
                self._now(f"warming up the background load: {', '.join(event.names)}")
            case events.Cooling():
                self._now("cooling down")
            case events.TrialStarted():
                self._under_way[event.trial.number] = event.trial
                self._now(self._training())
            case events.TrialRepeated():
                self._repeated(event)
            case events.TrialEnded():
                self._ended(event)
            case events.Noted():
                self._console.print(f"warning: {event.text}", style="yellow", soft_wrap=True)
            case events.AuditEnded():
                self._finished(event)

    def _opened(self, event: events.AuditOpened) -> None:
        self._total, self._done = len(event.plan.trials), event.done
        self._began_s = time.monotonic()
        say = self._console.print
        say(f"audit {event.audit}", style="bold", soft_wrap=True)
        if event.plan.data:
            say(f"data: {event.plan.data}", soft_wrap=True)
        by_quality = ", ".join(f"{domain} ({quality})" for domain, quality in event.domains)
        say(f"energy domains: {by_quality or 'none'}", soft_wrap=True)
        print_unavailable(self._console, event.unavailable)
        for note in event.plan.notes:
            say(note, style="yellow", soft_wrap=True)
        if event.done:
            say(f"{event.done} of {self._total} trials have ended already")

    def _preflight(self, event: events.PreflightEnded) -> None:
        result = event.result
        self._expected_s = event.expected_s
        self._began_s = time.monotonic()
        self._console.print(
            f"preflight passed: performance {result.performance:.4g} in {units.duration(result.duration_s)}; "
            f"{self._total - self._done} trials{_at_a_time(event)} will take about "
            f"{units.expected_duration(event.expected_s)}",
            soft_wrap=True,
        )
        for shim in result.shims:
            self._console.print(shim_in_trial(shim), soft_wrap=True)
        for warning in event.warnings:
            self._console.print(f"warning: {warning}", style="yellow", soft_wrap=True)

    def _repeated(self, event: events.TrialRepeated) -> None:
        del self._under_way[event.trial.number]
        self._console.print(
            f"{event.trial.mutant}: not enough memory for concurrent trials ({event.reason}); this trial is repeated "
            f"exclusively, then {event.at_a_time} run at a time",
            style="yellow",
            soft_wrap=True,
        )

    def _training(self) -> str:
        trials = list(self._under_way.values())
        if len(trials) == 1:
            return f"training {trials[0].mutant}, block {trials[0].block + 1}"
        return f"training {len(trials)} at a time: {', '.join(trial.mutant for trial in trials)}"

    def _ended(self, event: events.TrialEnded) -> None:
        self._under_way.pop(event.trial.number, None)
        self._done += 1
        self._done_here += 1
        result = event.result
        self._outcomes[result.outcome] += 1
        self._disturbed += any(Flag.OTHER_LOAD in domain.flags for domain in result.measurement.domains)
        if result.outcome is not Outcome.OK:
            self._console.print(
                f"{event.trial.mutant}: {result.outcome}: {result.reason}", style="yellow", soft_wrap=True
            )
        if not self._console.is_terminal:
            self._console.print(
                f"{self._count()} {event.trial.mutant}: {result_text(result)}; {self._cost()} so far", soft_wrap=True
            )
        elif self._under_way:
            self._now(self._training())

    def _finished(self, event: events.AuditEnded) -> None:
        self._line.stop()
        counts = ", ".join(f"{n} {outcome}" for outcome, n in self._outcomes.most_common()) or "no trial was pending"
        spent = units.duration(time.monotonic() - self._began_s)
        self._console.print(
            f"audit {event.audit} is complete: {counts}; "
            f"{spent}, {self._energy()} for the whole machine, pauses included",
            soft_wrap=True,
        )
        self._warn_of_other_load()
        self._console.print("Next: mutegreen stats")

    def _warn_of_other_load(self) -> None:
        if self._disturbed:
            self._console.print(
                f"warning: other programs kept the machine busy during {self._disturbed} of these trials "
                "(flag other_load); their time and energy are too high. Repeat the audit on an idle machine",
                style="yellow",
                soft_wrap=True,
            )

    def _show_and_log(self, what: str) -> None:
        """Show a step that takes as long as a training; print it in a log, too, which has no live line."""
        self._now(what)
        if not self._console.is_terminal:
            self._console.print(what, soft_wrap=True)

    def _now(self, what: str) -> None:
        self._line.show(f"{self._count()} {what}", self._cost())

    def _count(self) -> str:
        return f"[{self._done}/{self._total}]"

    def _cost(self) -> str:
        return cost(self._left_s(), self._energy())

    def _energy(self) -> str:
        """Return the energy of the machine since this process started, pauses included: the cost of the audit."""
        domains = self._recorder.energy_so_far()
        return energy_text(machine_j(domains) if domains.keys() - {"psys"} else None, self._estimated)

    def _left_s(self) -> float | None:
        """Return the time left, seconds, from the mean time of the trials that ended since the audit was resumed."""
        if self._done_here:
            return (time.monotonic() - self._began_s) / self._done_here * (self._total - self._done)
        return self._expected_s


def _at_a_time(event: events.PreflightEnded) -> str:
    return f", {event.at_a_time} at a time," if event.at_a_time > 1 else ""


def result_text(result: TrialResult) -> str:
    """Return the outcome of a trial, its performance and its time as text."""
    performance = "no performance" if result.performance is None else f"performance {result.performance:.4g}"
    return f"{result.outcome}, {performance}, {units.duration(result.duration_s)}"
