"""`mutegreen run`: an audit from the plan to the last trial, or the rest of one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen.cli import common
from mutegreen.errors import UsageError

if TYPE_CHECKING:
    from mutegreen.harness.audit import Limits
    from mutegreen.harness.plan import Options
    from mutegreen.store.store import Store


def _values(texts: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, given = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--values {text}: not NAME=A,B", "such as --values learning_rate=0.1,0.5,2")
        values[name.strip()] = (*values.get(name.strip(), ()), *common.split(given))
    return values


@click.command("run")
@click.argument("subject", required=False)
@click.option("--preset", metavar="P", help="One of the subject's presets, such as smoke.")
@click.option(
    "--operators", metavar="A,B", help="Only hyperparameters of these operators; identity adds an A/A control."
)
@click.option("--mutants", type=click.IntRange(1), metavar="N", help="Mutants of each hyperparameter.  [default: 5]")
@click.option("--repetitions", type=click.IntRange(1), metavar="N", help="Trainings of each mutant.  [default: 5]")
@click.option(
    "--values", multiple=True, metavar="NAME=A,B", help="Values of a hyperparameter given by hand (repeatable)."
)
@click.option("--seed", type=int, metavar="S", help="Seed of values, order and trainings.  [default: 1]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="Longest time of a training, seconds.  [default: 10 times the preflight's, at least 60]",
)
@click.option(
    "--cooldown",
    type=click.FloatRange(0),
    metavar="S",
    help="Longest wait for the machine to come back near idle after a training, seconds; 0: none.  [default: 10]",
)
@click.option("--dry-run", is_flag=True, help="Show the whole plan with an estimate of time, and train nothing.")
@click.option("--resume", metavar="AUDIT", help="Finish an audit that was stopped.")
@common.meter_option
@common.require_option
@common.store_option
@common.json_option
def command(
    subject: str | None,
    preset: str | None,
    operators: str | None,
    mutants: int | None,
    repetitions: int | None,
    values: tuple[str, ...],
    seed: int | None,
    timeout: float | None,
    cooldown: float | None,
    dry_run: bool,
    resume: str | None,
    meters: tuple[str, ...],
    require: tuple[str, ...],
    store: Path,
    as_json: bool,
) -> int:
    """Audit SUBJECT: a folder with a subject.toml, or the name of a subject that comes with MuteGreen.

    The original is trained once beforehand to see that everything works. Then the original and every mutant are
    trained under energy meters, in random order within blocks. Every training is kept the moment it ends; an
    audit that was stopped goes on with --resume.
    """
    from mutegreen.harness import plan
    from mutegreen.harness.audit import Limits

    options = plan.Options(
        preset=preset,
        operators=common.split(operators) if operators is not None else None,
        mutants=mutants,
        repetitions=repetitions,
        values=_values(values),
        seed=plan.DEFAULT_SEED if seed is None else seed,
    )
    limits = Limits(timeout, cooldown)
    given = options != plan.Options() or seed is not None or limits != Limits()
    if resume is not None:
        if given or dry_run:
            raise UsageError("--resume takes up an audit as it was planned", "leave the options of the plan away")
        return _run(store, resume, subject, meters, require, as_json)
    if subject is None:
        raise UsageError("no subject is named", "mutegreen run SUBJECT; `mutegreen subjects` lists those at hand")
    if dry_run:
        return _dry_run(subject, options, limits, store, as_json)
    return _run(store, None, subject, meters, require, as_json, options, limits)


def _dry_run(name: str, options: Options, limits: Limits, store: Path, as_json: bool) -> int:
    from mutegreen import catalog, config
    from mutegreen.cli import planned
    from mutegreen.harness import audit, plan

    subject = config.load(catalog.find_subject(name))
    audit.check(subject)
    made = plan.make(subject, options)
    duration = planned.training_s(made, store)
    if as_json:
        common.write_json(planned.document(made, duration, limits))
    else:
        planned.show(made, duration, limits)
    return 0


def _run(
    store_path: Path,
    resumed: str | None,
    name: str | None,
    meters: tuple[str, ...],
    require: tuple[str, ...],
    as_json: bool,
    options: Options | None = None,
    limits: Limits | None = None,
) -> int:
    from mutegreen import catalog, config
    from mutegreen.cli.progress import Progress
    from mutegreen.harness import audit
    from mutegreen.meters.choose import choose
    from mutegreen.meters.recorder import Recorder
    from mutegreen.store.store import Store

    subject = config.load(catalog.find_subject(name)) if name is not None and resumed is None else None
    chosen = choose(meters or None, require)
    with Recorder(chosen.meters, chosen.unavailable) as recorder, closing(Store.create(store_path)) as store:
        if subject is not None and options is not None and limits is not None:
            audit_id = audit.create(store, subject, options, limits)
        else:
            audit_id = store.audit(resumed).id
        quality = {d: str(meter.quality[d]) for meter in chosen.meters for d in meter.domains}
        progress = Progress(common.messages(), recorder, set(quality.values()))
        try:
            with progress:
                audit.Audit(store, audit_id, recorder, quality, chosen.unavailable, progress.hear).run()
        except KeyboardInterrupt:
            _say_how_to_go_on(audit_id, store_path, "Interrupted")
            _report(store, audit_id, as_json)
            return 130
        return _report(store, audit_id, as_json)


def _say_how_to_go_on(audit_id: str, store: Path, what: str) -> None:
    from mutegreen.store.store import default_path

    elsewhere = "" if store == default_path() else f" --store {store}"
    console = common.messages()
    console.print(f"{what}. Everything measured is kept. Go on with:")
    console.print(f"  mutegreen run --resume {audit_id}{elsewhere}", soft_wrap=True)


def _report(store: Store, audit_id: str, as_json: bool) -> int:
    """Says how the trials ended; the status is 1 if any of them did not end `ok`."""
    from mutegreen.model import Outcome

    outcomes = store.outcomes(audit_id)
    if as_json:
        counts = {str(outcome): outcomes.get(outcome, 0) for outcome in Outcome} | {
            "pending": outcomes.get("pending", 0)
        }
        common.write_json({"audit": audit_id, "store": str(store.path), "trials": counts})
    return 0 if set(outcomes) <= {"ok"} else 1
