"""`mutegreen show`: the difference that a mutant makes, or the result of a trial."""

from __future__ import annotations

from pathlib import Path

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.cli.wording import colocation
from mutegreen.cli.wording.seeds import seeding_text
from mutegreen.cli.wording.shims import shim_in_audit, shim_in_trial
from mutegreen.errors import UsageError
from mutegreen.model import JOINT, ORIGINAL, DomainEnergy, Quality, Seeding, Value
from mutegreen.mutation.site_values import same_value
from mutegreen.store.audit_records import AuditRecord, MutantRecord, TrialRecord
from mutegreen.store.store import Store

_EXAMPLES = common.examples(
    "mutegreen show               list the trials of the latest audit",
    "mutegreen show epochs=6      what this mutant changes",
    "mutegreen show 12            how trial 12 ended",
)

_SOURCES = {
    Quality.COUNTER: "counter of",
    Quality.INTEGRATED: "integrated from the power of",
    Quality.ATTRIBUTED: "attributed, from",
    Quality.ESTIMATED: "estimated by",
}


@click.command("show", epilog=_EXAMPLES)
@click.argument("what", metavar="[MUTANT|TRIAL]", required=False)
@click.option(
    "--audit", metavar="AUDIT", help="Use this audit, an id that `mutegreen audits` lists.  [default: the latest]"
)
@common.store_option
def command(what: str | None, audit: str | None, store: Path) -> int:
    """Show what a MUTANT changes, or how a TRIAL ended.

    MUTANT is a name such as epochs=6, or epochs=6,learning_rate=0.5 for a mutant of two hyperparameters. TRIAL is a
    number. Without an argument, the trials of the audit are listed.
    """
    with Store.open(store) as opened:
        record = opened.audit(audit)
        if what is None:
            _list(opened, record)
        elif what.isdigit():
            _trial(opened, record, int(what))
        else:
            _mutant(opened, record, what)
    return 0


def _list(store: Store, audit: AuditRecord) -> None:
    from rich import box
    from rich.table import Table

    trials = store.trials(audit.id)
    by_repetition = {record.trial.repetition: record.trial.seed for record in trials}
    table = Table("trial", "block", box=box.SIMPLE_HEAD)
    table.add_column("mutant", no_wrap=True)
    for heading in ("outcome", "time", "performance", "extra metrics, reason" if audit.also else "reason"):
        table.add_column(heading, overflow="fold")
    for record in trials:
        trial, result = record.trial, record.result
        ended = ("pending", "", "", "")
        if result is not None:
            performance = "" if result.performance is None else f"{result.performance:.4g}"
            extra_metrics = [f"{name} {value:.4g}" for name, value in result.also.items()]
            remarks = ", ".join(filter(None, (result.reason, *extra_metrics)))
            ended = (result.outcome, units.duration(result.duration_s), performance, remarks)
        table.add_row(str(trial.number), str(trial.block + 1), trial.mutant, *ended)
    console = common.results()
    console.print(f"audit {audit.id} of {audit.folder}", style="bold", soft_wrap=True)
    if audit.data:
        console.print(f"data: {audit.data}", soft_wrap=True)
    console.print(seeding_text(Seeding.of(by_repetition.values()), by_repetition[0]), soft_wrap=True)
    for name in audit.options.plan.compat or ():
        console.print(
            shim_in_audit(name, [record.result for record in trials if record.result is not None]), soft_wrap=True
        )
    for line in colocation.audit_lines(audit, store.spans(audit.id)):
        console.print(line, soft_wrap=True)
    console.print(table)


def _mutant(store: Store, audit: AuditRecord, name: str) -> None:
    records = store.mutants(audit.id)
    match = next((record for record in records if record.mutant.id == name), None)
    match = match or next((record for record in records if _is_named(record, name)), None)
    if match is None:
        known = ", ".join(record.mutant.id for record in records)
        raise UsageError(f"audit {audit.id} has no mutant {name}", f"its mutants are: {known}")
    click.echo(f"{match.mutant.id} ({_origin(match)}), audit {audit.id}")
    click.echo(match.diff)
    for trial in store.trials(audit.id):
        if trial.trial.mutant == match.mutant.id:
            click.echo(_line(trial))


def _is_named(record: MutantRecord, name: str) -> bool:
    """Return whether a name means a mutant: `lr=1` also means `lr=1.0`; tables round `lr=0.12345` to `lr=0.123`."""
    texts = dict(part.partition("=")[::2] for part in name.split(JOINT))
    changes = {change.hyperparameter: change.value for change in record.mutant.changes}
    return bool(changes) and changes.keys() == texts.keys() and all(_reads(texts[n], v) for n, v in changes.items())


def _reads(text: str, value: Value) -> bool:
    return same_value(value, text) or (isinstance(value, float) and f"{value:.3g}" == text)


def _origin(record: MutantRecord) -> str:
    mutant = record.mutant
    if mutant.is_original:
        return "the subject with all hyperparameters at their default values"
    if not mutant.changes:
        return f"operator {mutant.operator}: a copy of the original"
    return "; ".join(f"operator {change.operator}, default {change.default}" for change in mutant.changes)


def _line(record: TrialRecord) -> str:
    result = record.result
    if result is None:
        return f"trial {record.trial.number}: pending"
    reason = f": {result.reason}" if result.reason else ""
    return f"trial {record.trial.number}: {result.outcome}{reason}, {units.duration(result.duration_s)}"


def _trial(store: Store, audit: AuditRecord, number: int) -> None:
    from mutegreen.harness.opening import Paths

    records = {record.trial.number: record for record in store.trials(audit.id)}
    if number not in records:
        raise UsageError(f"audit {audit.id} has no trial {number}", f"its trials have the numbers 1 to {len(records)}")
    record = records[number]
    trial, result = record.trial, record.result
    click.echo(f"trial {number} of audit {audit.id}: {trial.mutant}, block {trial.block + 1}, seed {trial.seed}")
    click.echo(_line(record))
    if result is None:
        return
    performance = "not found" if result.performance is None else f"{result.performance:.6g}"
    extra_metrics = "".join(f", {name} {value:.6g}" for name, value in result.also.items())
    data = f" (data: {audit.data})" if audit.data else ""
    click.echo(f"performance {performance}{extra_metrics}{data}")
    click.echo(f"CPU time {units.duration(result.cpu_s)}, started {result.started_at}")
    for domain in result.measurement.domains:
        click.echo(energy_text(domain))
    for line in (*colocation.trial_lines(result.colocation), *map(shim_in_trial, result.shims)):
        click.echo(line)
    for evidence in result.evidence:
        click.echo(f"evidence for {evidence.hyperparameter}: {evidence.how}")
    if trial.mutant == ORIGINAL:
        click.echo("evidence: none needed, the original changes nothing")
    click.echo(f"output {Paths.of(store.path, audit.id).log(f'{number:04d}')}")


def energy_text(domain: DomainEnergy) -> str:
    """Return the energy of a domain, its source, its difference to idle, and its flags."""
    if domain.energy_j is None:
        return f"{domain.domain}: not measured: {domain.reason}"
    flags = f"; flags: {', '.join(sorted(domain.flags))}" if domain.flags else ""
    source = f"{_SOURCES[domain.quality]} the meter {domain.meter}"
    return f"{domain.domain}: {units.energy(domain.energy_j)} ({source}){_net(domain.net_j, domain.energy_j)}{flags}"


def _net(net_j: float | None, energy_j: float) -> str:
    if net_j is None:
        return ""
    size = units.energy_difference(abs(net_j), energy_j)
    return f", {size} {'below' if net_j < 0 and size != units.energy(0.0) else 'above'} idle"
