"""`mutegreen run`: start an audit, resume one, or show the plan of one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from mutegreen.cli import common
from mutegreen.cli.main import INTERRUPTED
from mutegreen.cli.metering import Meters, export_cuda_variables, idle_option, open_meters
from mutegreen.cli.sharing import background_option, jobs_option, sharing_from_options, wait_option
from mutegreen.errors import BackgroundError, StoreError, UsageError

if TYPE_CHECKING:
    from mutegreen.harness.opening import Sharing
    from mutegreen.model import Limits, Metering, PlanOptions
    from mutegreen.store.store import Store


def _values(texts: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--values {text}: not of the form NAME=A,B", "for example --values learning_rate=0.1,0.5")
        values[name.strip()] = (*values.get(name.strip(), ()), *common.split(listed))
    return values


_EXAMPLES = common.examples(
    "mutegreen run path/to/project                audit the subject in a folder",
    "mutegreen run mnist_cnn --preset smoke       audit a bundled subject",
    "mutegreen run mnist_cnn --dry-run            show the plan, train nothing",
    "mutegreen run mnist_cnn --values epochs=2,8  choose the values by hand",
    "mutegreen run --resume AUDIT                 finish a stopped audit",
)


@click.command("run", epilog=_EXAMPLES)
@click.argument("subject", required=False)
@click.option("--preset", metavar="P", help="Use this preset of the subject, such as smoke.  [default: none]")
@click.option(
    "--operators",
    metavar="A,B",
    help="Mutate only the hyperparameters of these operators; identity adds a copy of the original (A/A control).  "
    "[default: the preset's, else all operators]",
)
@click.option(
    "--mutants",
    type=click.IntRange(1),
    metavar="N",
    help="Make N mutants of each hyperparameter.  [default: the preset's, else 5]",
)
@click.option(
    "--repetitions",
    type=click.IntRange(1),
    metavar="N",
    help="Train the original and every mutant N times.  [default: the preset's, else 5]",
)
@click.option(
    "--values",
    multiple=True,
    metavar="NAME=A,B",
    help="Give the hyperparameter NAME these values, instead of those that its operator computes (repeatable).",
)
@click.option(
    "--order",
    type=click.IntRange(1),
    metavar="N",
    help="Change up to N hyperparameters in a mutant; 2 adds a mutant for every pair.  [default: the preset's, else 1]",
)
@click.option(
    "--seed", type=int, metavar="N", help="Draw values, the order of trials and training seeds from N.  [default: 1]"
)
@click.option(
    "--same-seed",
    is_flag=True,
    help="Train all repetitions with the same seed.  [default: each repetition has its own seed]",
)
@click.option(
    "--compat",
    metavar="A,B",
    help="Use these shims for what the machine or the program lacks: cuda, checksums, weights, seed; '' for none. "
    "`mutegreen help compatibility` explains them.  [default: the preset's, else the subject's]",
)
@click.option(
    "--timeout",
    type=common.SecondsType(0, min_open=True),
    metavar="S",
    help="Stop a training after S seconds.  [default: the preset's, else the subject's, else 10 times the duration of "
    "the preflight and at least 60]",
)
@click.option(
    "--cooldown",
    type=common.SecondsType(0),
    metavar="S",
    help="Wait up to S seconds after each trial until power is near idle again; 0: do not wait.  "
    "[default: the preset's, else 10]",
)
@background_option
@click.option(
    "--warm-up",
    type=common.SecondsType(0),
    metavar="S",
    help="Run a background load for S seconds before each trial, if it prints no epochs.  [default: 5]",
)
@idle_option
@jobs_option
@wait_option
@click.option("--dry-run", is_flag=True, help="Show the plan with an estimate of its time, and train nothing.")
@click.option(
    "--resume", metavar="AUDIT", help="Finish this audit, which was stopped; `mutegreen audits` lists the audits."
)
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
    order: int | None,
    seed: int | None,
    same_seed: bool,
    compat: str | None,
    timeout: float | None,
    cooldown: float | None,
    backgrounds: tuple[str, ...],
    warm_up: float | None,
    idle: float | None,
    jobs: int | None,
    no_wait: bool,
    dry_run: bool,
    resume: str | None,
    meters: tuple[str, ...],
    require: tuple[str, ...],
    store: Path,
    as_json: bool,
) -> int:
    """Audit SUBJECT: train the original and its mutants, and measure their energy.

    SUBJECT is a folder with a subject.toml, or the name of a bundled subject (`mutegreen subjects`). `mutegreen init`
    writes a subject.toml for a training script.

    First the original is trained once, as a preflight: it shows that the program works. Then every arm (the original
    and each mutant) is trained once in each block, in random order. The result of each trial is stored when it ends.
    If the audit is stopped, --resume finishes it.
    """
    from mutegreen.harness.opening import Sharing
    from mutegreen.harness.plan import shims
    from mutegreen.model import DEFAULT_SEED, Limits, Metering, PlanOptions

    options = PlanOptions(
        preset=preset,
        operators=common.split(operators) if operators is not None else None,
        mutants=mutants,
        repetitions=repetitions,
        values=_values(values),
        order=order,
        seed=DEFAULT_SEED if seed is None else seed,
        same_seed=same_seed,
        compat=shims.parse_names(common.split(compat)) if compat is not None else None,
    )
    limits, metering = Limits(timeout, cooldown, warm_up, idle), Metering(meters, require)
    sharing = sharing_from_options(jobs, backgrounds, preset)
    has_plan_options = (
        options != PlanOptions() or seed is not None or _on_command_line(limits) != Limits() or sharing != Sharing()
    )
    if resume is not None:
        if has_plan_options or dry_run:
            raise UsageError(
                "--resume cannot be combined with --dry-run, or with options that change the plan",
                "drop them: the audit is finished as it was planned",
            )
        return _resume(resume, subject, metering, store, as_json, not no_wait)
    if subject is None:
        raise UsageError(
            "no subject is given",
            "use mutegreen run SUBJECT; `mutegreen subjects` lists the bundled ones",
        )
    if dry_run:
        return _dry_run(subject, options, limits, sharing, store, as_json)
    return _start(_AuditRequest(subject, options, limits, metering, sharing), store, as_json, not no_wait)


def _on_command_line(limits: Limits) -> Limits:
    """Return the limits without a value from the environment, which `--resume` ignores."""
    source = click.get_current_context().get_parameter_source("idle")
    return replace(limits, idle_s=None) if source is ParameterSource.ENVIRONMENT else limits


@dataclass(frozen=True)
class _AuditRequest:
    """The options of a new audit."""

    subject: str
    options: PlanOptions
    limits: Limits
    metering: Metering
    sharing: Sharing


def _dry_run(name: str, options: PlanOptions, limits: Limits, sharing: Sharing, store: Path, as_json: bool) -> int:
    from mutegreen import catalog, config
    from mutegreen.cli.preview import plan_preview
    from mutegreen.harness import opening
    from mutegreen.harness.plan import plan

    subject = config.load(catalog.find_subject(name))
    opening.check_sites(subject)
    audit_plan = plan.make(subject, options)
    duration = plan_preview.training_s(audit_plan, store)
    if as_json:
        common.write_json(plan_preview.document(audit_plan, duration, limits, sharing))
    else:
        plan_preview.show(audit_plan, duration, limits, sharing)
    return 0


def _start(request: _AuditRequest, store_path: Path, as_json: bool, wait: bool) -> int:
    from mutegreen import catalog, config
    from mutegreen.harness import opening

    subject = config.load(catalog.find_subject(request.subject))
    export_cuda_variables(subject)
    with open_meters(request.metering, f"of {subject.name}", wait) as meters, common.create_store(store_path) as store:
        audit = opening.create(store, subject, request.options, request.limits, request.metering, request.sharing)
        return _run_audit(store, audit, meters, as_json)


def _resume(audit_id: str, name: str | None, metering: Metering, store_path: Path, as_json: bool, wait: bool) -> int:
    from mutegreen import catalog, config
    from mutegreen.harness.opening import Paths, audit_lock
    from mutegreen.store.store import Store

    with Store.open(store_path) as reading:
        record = reading.audit(audit_id)
    with suppress(OSError), audit_lock(Paths.of(store_path, record.id)):
        pass  # raises at once if this audit runs already; `open_meters` would wait for its devices
    if name is not None and str(catalog.find_subject(name).resolve()) != record.folder:
        raise UsageError(
            f"audit {audit_id} belongs to the subject {record.folder}, not to {name}",
            "drop the subject: --resume needs only the audit",
        )
    export_cuda_variables(config.load(Paths.of(store_path, record.id).subject))
    with (
        open_meters(metering.or_stored(record.options.metering), record.id, wait) as meters,
        common.create_store(store_path) as store,
    ):
        return _run_audit(store, record.id, meters, as_json)


def _run_audit(store: Store, audit_id: str, meters: Meters, as_json: bool) -> int:
    from mutegreen.cli.live.audit_progress import AuditProgress
    from mutegreen.harness.audit import Audit

    progress = AuditProgress(common.messages(), meters.recorder, set(meters.quality.values()))
    try:
        with progress:
            Audit(store, audit_id, meters.recorder, meters.quality, meters.unavailable, progress.on_event).run()
    except KeyboardInterrupt:
        _print_resume_hint(audit_id, store.path, "Interrupted")
        _report(store, audit_id, as_json)
        return INTERRUPTED
    except (StoreError, BackgroundError):
        _print_resume_hint(audit_id, store.path, "Stopped")
        raise
    return _report(store, audit_id, as_json)


def _print_resume_hint(audit_id: str, store: Path, what: str) -> None:
    from mutegreen.store.store import default_path

    elsewhere = "" if store == default_path() else f" --store {store}"
    console = common.messages()
    console.print(f"{what}. All results so far are stored. To finish the audit:")
    console.print(f"  mutegreen run --resume {audit_id}{elsewhere}", soft_wrap=True)


def _report(store: Store, audit_id: str, as_json: bool) -> int:
    """Print as JSON how the trials ended; return 1 if any of them did not end `ok`, else 0."""
    from mutegreen.model import Outcome

    outcomes = store.outcomes(audit_id)
    if as_json:
        counts = {str(outcome): outcomes.get(outcome, 0) for outcome in Outcome} | {
            "pending": outcomes.get("pending", 0)
        }
        common.write_json({"audit": audit_id, "store": str(store.path), "trials": counts})
    return 0 if set(outcomes) <= {"ok"} else 1
