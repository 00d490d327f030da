"""In what company an audit and its trials trained, for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mutegreen import units
from mutegreen.model import BackgroundRun, Colocation, DomainEnergy, Span
from mutegreen.store.audit_records import AuditRecord

MOST_NAMES = 8
"""So many trials beside one are named; a long one beside short ones meets many."""


def short_text(audit: AuditRecord) -> str:
    """How the trials of an audit shared the machine, for a table; empty: they did not."""
    if audit.backgrounds:
        return "beside " + ", ".join(record.name for record in audit.backgrounds)
    jobs = audit.options.jobs
    return "" if jobs is None else f"{jobs or 'as many as fit'} at a time"


def audit_lines(audit: AuditRecord, spans: Sequence[Span]) -> Iterator[str]:
    """What an audit's trainings shared, and the exact energy of the times in which they did."""
    for record in audit.backgrounds:
        pace = f"; alone {record.epochs_per_s:.3g} epochs a second" if record.epochs_per_s else ""
        yield f"beside every trial: {record.name}{pace}"
    if not audit.backgrounds and short_text(audit):
        yield f"trainings on each device: {short_text(audit)}"
    if spans:
        duration_s = math.fsum(span.measurement.duration_s for span in spans)
        parts = [part for part in (_domain(name, spans) for name in _names(spans)) if part]
        energy = ", ".join(parts) or "energy not measured"
        yield f"all trainings together, with the preflight, {units.duration(duration_s)}: {energy}"


def trial_lines(colocation: Colocation | None) -> Iterator[str]:
    """Who ran beside a trial, its share, and what backgrounds did meanwhile."""
    if colocation is None:
        return
    shown = [f"{other.name} ({units.duration(other.overlap_s)})" for other in colocation.overlaps[:MOST_NAMES]]
    more = len(colocation.overlaps) - len(shown)
    yield f"beside it: {', '.join(shown)}{f' and {more} more' if more else ''}"
    for share in colocation.shares:
        yield f"its share of {share.domain}: {_joules(share)}{_used(colocation, share.domain)}"
    if not colocation.shares:
        for domain, part in colocation.by_use.items():
            yield f"{domain}: {part:.0%} of the joules in company are shared out by measured use, the rest evenly"
    for run in colocation.backgrounds:
        yield _background(run)


def _names(spans: Sequence[Span]) -> list[str]:
    return list(dict.fromkeys(domain.domain for span in spans for domain in span.measurement.domains))


def _domain(name: str, spans: Sequence[Span]) -> str | None:
    domains = [domain for span in spans for domain in span.measurement.domains if domain.domain == name]
    if any(domain.energy_j is None for domain in domains):
        return None
    return f"{name} {units.energy(math.fsum(d.energy_j or 0.0 for d in domains))} ({domains[0].quality})"


def _joules(share: DomainEnergy) -> str:
    if share.energy_j is None:
        return f"not measured: {share.reason}"
    return f"{units.energy(share.energy_j)} ({share.quality})"


def _used(colocation: Colocation, domain: str) -> str:
    return f", {colocation.by_use[domain]:.0%} of it by measured use" if domain in colocation.by_use else ""


def _background(run: BackgroundRun) -> str:
    epochs = "" if run.epochs is None else f", {run.epochs:.1f} epochs"
    slower = "" if run.slowdown is None else f", {run.slowdown:.2f} times slower than alone"
    cpu = "" if run.cpu_s is None else f", CPU time {units.duration(run.cpu_s)}"
    return f"background {run.name}{epochs}{slower}{cpu}, started again {run.restarts} times"
