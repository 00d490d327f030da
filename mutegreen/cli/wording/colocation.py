"""Texts about co-location: the background loads and concurrent trials of an audit and of a trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from mutegreen import units
from mutegreen.model import BackgroundRun, Colocation, DomainEnergy, Span
from mutegreen.store.audit_records import AuditRecord

MOST_NAMES = 8
"""Largest number of co-located trials that are named; a long trial overlaps many short ones."""


def short_text(audit: AuditRecord) -> str:
    """Return how the trials of an audit shared the machine, for a table; empty: they were exclusive."""
    if audit.backgrounds:
        return "background " + ", ".join(record.name for record in audit.backgrounds)
    jobs = audit.options.jobs
    return "" if jobs is None else f"{jobs or 'as many as fit'} at a time"


def audit_lines(audit: AuditRecord, spans: Sequence[Span]) -> Iterator[str]:
    """Yield how the trials of an audit shared the machine, and the measured energy of all of them together."""
    for record in audit.backgrounds:
        rate = f"; {record.epochs_per_s:.3g} epochs/s without other load" if record.epochs_per_s else ""
        yield f"background load: {record.name}{rate}"
    if not audit.backgrounds and short_text(audit):
        yield f"concurrent trials on each device: {short_text(audit)}"
    if spans:
        duration_s = math.fsum(span.measurement.duration_s for span in spans)
        parts = [part for part in (_domain(name, spans) for name in _names(spans)) if part]
        energy = ", ".join(parts) or "energy not measured"
        yield f"all trials and the preflight together, {units.duration(duration_s)}: {energy}"


def trial_lines(colocation: Colocation | None) -> Iterator[str]:
    """Yield the co-located programs of a trial, its attributed energy, and the work of the background loads."""
    if colocation is None:
        return
    shown = [f"{other.name}, for {units.duration(other.overlap_s)}" for other in colocation.overlaps[:MOST_NAMES]]
    more = len(colocation.overlaps) - len(shown)
    yield f"co-located in its energy window with: {'; '.join(shown)}{f'; and {more} more' if more else ''}"
    for share in colocation.shares:
        used = f"; {_used(colocation.by_use[share.domain])}" if share.domain in colocation.by_use else ""
        yield f"attributed to it, {share.domain}: {_joules(share)}{used}"
    if not colocation.shares:
        for domain, part in colocation.by_use.items():
            yield f"{domain}: {_used(part)}"
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


def _used(by_use: float) -> str:
    """Return how a trial's energy of a domain was divided while the domain was shared."""
    return (
        f"of its energy during co-location, {by_use:.0%} was divided by measured use; the rest (idle energy, and "
        "energy without known use) evenly"
    )


def _background(run: BackgroundRun) -> str:
    epochs = "" if run.epochs is None else f", {run.epochs:.1f} epochs"
    slower = "" if run.slowdown is None else f", {run.slowdown:.2f} times slower than without other load"
    cpu = "" if run.cpu_s is None else f", CPU time {units.duration(run.cpu_s)}"
    return f"background load {run.name}{epochs}{slower}{cpu}, restarted {run.restarts} times"
