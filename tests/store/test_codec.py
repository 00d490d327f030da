"""Whatever a record holds, the store gives back: `store -> read` is the identity."""

from __future__ import annotations

import functools
import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutegreen.model import (
    JOINT,
    AuditOptions,
    BackgroundRun,
    Change,
    Colocation,
    Compat,
    Data,
    DomainEnergy,
    Epoch,
    Evidence,
    ExtraMetric,
    Flag,
    Goal,
    Limits,
    Measurement,
    Metering,
    Mutant,
    Outcome,
    Overlap,
    Phase,
    PlanOptions,
    Quality,
    Seeding,
    ShimReport,
    Span,
    Trial,
    TrialResult,
    Unavailable,
)
from mutegreen.store.audit_records import AuditRecord, BackgroundRecord, MutantRecord
from mutegreen.store.store import Store

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# SQLite's texts are UTF-8, so a lone surrogate, which no output decoded by us has, cannot be kept.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
finite = st.floats(allow_nan=False, allow_infinity=False)
joules = st.floats(0, 1e12)
any_float = st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats()
maybe_text = st.none() | texts
maybe_finite = st.none() | finite
whole = st.integers(-(2**63), 2**63 - 1)
values = st.integers(-(2**40), 2**40) | finite | texts | st.booleans()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(texts, json_values, max_size=4)


def tuples(of: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=most).map(tuple)


@st.composite
def energies(draw: st.DrawFn) -> DomainEnergy:
    energy_j = draw(st.none() | joules)
    return DomainEnergy(
        domain=draw(names),
        meter=draw(texts),
        quality=draw(st.sampled_from(Quality)),
        energy_j=energy_j,
        duration_s=draw(finite),
        idle_w=draw(maybe_finite),
        flags=draw(st.frozensets(st.sampled_from(Flag))),
        reason=draw(names if energy_j is None else maybe_text),
    )


def measurements(duration_s: st.SearchStrategy[float], fewest: int = 0) -> st.SearchStrategy[Measurement]:
    domains = st.lists(energies(), min_size=fewest, max_size=4, unique_by=lambda one: one.domain).map(tuple)
    return st.builds(Measurement, duration_s, domains)


colocations = st.builds(
    Colocation,
    overlaps=tuples(st.builds(Overlap, texts, finite)),
    shares=tuples(energies()),
    backgrounds=tuples(st.builds(BackgroundRun, texts, maybe_finite, maybe_finite, maybe_finite, st.integers(0, 99))),
    by_use=st.dictionaries(names, st.floats(0, 1), max_size=3),
)


@st.composite
def results(draw: st.DrawFn) -> TrialResult:
    measurement = draw(measurements(finite))
    return TrialResult(
        outcome=draw(st.sampled_from(Outcome)),
        reason=draw(maybe_text),
        started_at=draw(texts),
        duration_s=measurement.duration_s,
        cpu_s=draw(finite),
        peak_rss_bytes=draw(whole),
        status=draw(st.integers(-64, 255)),
        performance=draw(st.none() | st.floats(allow_nan=False)),
        epochs=draw(tuples(st.builds(Epoch, any_float, maybe_finite))),
        measurement=measurement,
        evidence=draw(tuples(st.builds(Evidence, texts, values, st.booleans(), texts, st.booleans()))),
        also=draw(st.dictionaries(names, any_float, max_size=3)),
        shims=draw(tuples(st.builds(ShimReport, st.sampled_from(Compat), st.booleans(), texts))),
        colocation=draw(st.none() | colocations),
        phases=draw(tuples(st.builds(Phase, texts, finite, finite, st.dictionaries(names, finite, max_size=3)))),
        timelines=draw(st.dictionaries(names, tuples(st.tuples(singles, singles)), max_size=2)),
    )


singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
"""Timelines are kept in single precision."""


@st.composite
def mutants(draw: st.DrawFn) -> MutantRecord:
    changes = draw(tuples(st.builds(Change, names.filter(lambda name: JOINT not in name), values, values, texts)))
    return MutantRecord(Mutant(draw(names), changes), draw(texts))


extra_metrics = st.builds(
    ExtraMetric,
    name=names,
    pattern=maybe_text,
    key=maybe_text,
    goal=st.sampled_from(Goal),
    tolerance=maybe_finite,
)
backgrounds = st.builds(
    BackgroundRecord, texts, texts, maybe_text, tuples(texts), texts, st.none() | finite, st.none() | finite
)
seconds = st.none() | st.floats(1e-3, 1e9)
options = st.builds(
    AuditOptions,
    plan=st.builds(
        PlanOptions,
        preset=maybe_text,
        operators=st.none() | tuples(texts),
        mutants=st.none() | st.integers(1, 99),
        repetitions=st.none() | st.integers(1, 99),
        values=st.dictionaries(texts, tuples(texts), max_size=3),
        order=st.none() | st.integers(1, 9),
        seed=whole,
        same_seed=st.booleans(),
        compat=st.none() | tuples(st.sampled_from(Compat)),
    ),
    seeding=st.none() | st.sampled_from(Seeding),
    limits=st.builds(Limits, seconds, seconds, seconds, seconds),
    metering=st.builds(Metering, tuples(texts), tuples(texts)),
    jobs=st.none() | st.integers(0, 99),
)
audits = st.builds(
    AuditRecord,
    id=names,
    subject=texts,
    folder=texts,
    digest=texts,
    goal=st.sampled_from(Goal),
    tolerance=maybe_finite,
    options=options,
    environment=json_objects,
    notes=tuples(texts),
    created_at=texts,
    data=st.none() | st.builds(Data, texts, st.booleans()),
    also=tuples(extra_metrics),
    backgrounds=tuples(backgrounds),
)


@functools.cache
def empty_store() -> bytes:
    """A new store's file: written once, as the disk is waited for."""
    with tempfile.TemporaryDirectory() as folder:
        Store.create(path := Path(folder) / "s.sqlite").close()
        return path.read_bytes()


def with_store(check: Callable[[Store], None]) -> None:
    """Runs a check on a new store."""
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder) / "s.sqlite").write_bytes(empty_store())
        with Store.create(path) as store:
            store._db.execute("PRAGMA synchronous = OFF")  # what is read back is judged, not that it is on the disk
            check(store)


@FEW
@given(audits)
def test_an_audit(audit: AuditRecord) -> None:
    def check(store: Store) -> None:
        store.add_audit(audit, [], [])
        with Store.open(store.path) as reading:
            assert reading.audits() == [audit]
            assert reading.audit(audit.id) == audit

    with_store(check)


starts = st.tuples(
    finite,
    st.dictionaries(names, finite, max_size=3),
    tuples(st.builds(Unavailable, texts, texts, maybe_text)),
    st.dictionaries(names, st.integers(0, 2**40), max_size=3),
)


@FEW
@given(audits, starts, tuples(backgrounds))
def test_what_is_found_of_an_audit_later(audit: AuditRecord, start: Any, found: tuple[BackgroundRecord, ...]) -> None:
    def check(store: Store) -> None:
        store.add_audit(audit, [], [])
        store.set_start(audit.id, *start)
        store.set_backgrounds(audit.id, found)
        preflight_s, idle_w, unavailable, peak_bytes = start
        started = replace(audit, preflight_s=preflight_s, idle_w=idle_w, unavailable=unavailable, peak_bytes=peak_bytes)
        with Store.open(store.path) as reading:
            assert reading.audit(audit.id) == replace(started, backgrounds=found)

    with_store(check)


@FEW
@given(audits, st.lists(mutants(), max_size=4, unique_by=lambda record: record.mutant.id))
def test_mutants_in_their_order_and_values_with_their_types(audit: AuditRecord, records: list[MutantRecord]) -> None:
    def check(store: Store) -> None:
        store.add_audit(audit, records, [])
        with Store.open(store.path) as reading:
            found = reading.mutants(audit.id)
        assert found == records
        assert [[type(c.value) for c in r.mutant.changes] for r in found] == [
            [type(c.value) for c in r.mutant.changes] for r in records
        ]

    with_store(check)


@FEW
@given(audits, mutants(), st.lists(st.none() | results(), min_size=1, max_size=3))
def test_trials_and_their_results(audit: AuditRecord, mutant: MutantRecord, ended: list[TrialResult | None]) -> None:
    trials = [Trial(n, mutant.mutant.id, n, 0, n, None if n % 2 else 2**31 - n) for n in range(1, len(ended) + 1)]

    def check(store: Store) -> None:
        store.add_audit(audit, [mutant], trials)
        for trial, result in zip(trials, ended, strict=True):
            if result is not None:
                store.finish_trial(audit.id, trial, result)
        with Store.open(store.path) as reading:
            found = reading.trials(audit.id)
            assert [record.trial for record in found] == trials
            for record, result in zip(found, ended, strict=True):
                same_result(reading, audit.id, record.trial, record.result, result)

    with_store(check)


def same_result(store: Store, audit: str, trial: Trial, found: TrialResult | None, result: TrialResult | None) -> None:
    if result is None or found is None:
        assert found is result
        return
    assert [(comparable(e.performance), e.time_s) for e in found.epochs] == [
        (comparable(e.performance), e.time_s) for e in result.epochs
    ]
    also = [[(name, comparable(value)) for name, value in one.also.items()] for one in (found, result)]
    assert also[0] == also[1], "in their order, too"
    rest: dict[str, Any] = {"epochs": (), "also": {}, "phases": (), "timelines": {}}
    assert replace(found, **rest) == replace(result, **rest)
    assert store.phases(audit).get(trial.number, ()) == result.phases
    assert store.timelines(audit, trial.number) == result.timelines


def comparable(value: float) -> float | str:
    """NaN as a text, which equals itself: a value printed as `nan` is read back as such, and not as missing."""
    return "nan" if math.isnan(value) else value


@st.composite
def spans(draw: st.DrawFn) -> Span:
    measurement = draw(measurements(finite, fewest=1))
    # A domain's window is the span's, so there is one column for both.
    same_window = tuple(replace(domain, duration_s=measurement.duration_s) for domain in measurement.domains)
    measurement = replace(measurement, domains=same_window)
    known = st.sampled_from([domain.domain for domain in measurement.domains])
    attributed, unattributed = (draw(st.dictionaries(known, finite, max_size=4)) for _ in range(2))
    return Span(draw(texts), measurement, attributed, unattributed)


@FEW
@given(audits, tuples(spans()), tuples(spans()))
def test_spans_of_several_additions(audit: AuditRecord, first: tuple[Span, ...], second: tuple[Span, ...]) -> None:
    def check(store: Store) -> None:
        store.add_audit(audit, [], [])
        store.add_spans(audit.id, first)
        store.add_spans(audit.id, second)
        with Store.open(store.path) as reading:
            assert reading.spans(audit.id) == first + second

    with_store(check)


def test_a_performance_that_is_no_number_is_read_back_as_none() -> None:
    """The column has NULL for both; a trial without a number ends as `diverged` or `failed`, so they differ."""

    def check(store: Store) -> None:
        audit = AuditRecord("a", "s", "f", "0", Goal.MAXIMIZE, None, AuditOptions(), {}, (), "now")
        store.add_audit(audit, [MutantRecord(Mutant("original"), "")], [trial := Trial(1, "original", 0, 0, 0, None)])
        store.finish_trial(
            "a", trial, TrialResult(Outcome.DIVERGED, "nan", "", 1.0, 1.0, 1, 0, math.nan, (), Measurement(1.0))
        )
        (record,) = store.trials("a")
        assert record.result is not None
        assert record.result.performance is None

    with_store(check)
