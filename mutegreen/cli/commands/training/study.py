"""`mutegreen study`: replicate the published study with the bundled subjects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mutegreen import units
from mutegreen.cli import common
from mutegreen.cli.main import INTERRUPTED
from mutegreen.cli.metering import export_cuda_variables, idle_option, open_meters

if TYPE_CHECKING:
    from mutegreen.cli.live.study_progress import StudyProgress
    from mutegreen.model import Metering
    from mutegreen.replication.design import Skipped, StudyPart
    from mutegreen.replication.measurements import Measurements
    from mutegreen.replication.results import Results
    from mutegreen.replication.runner import PartProgress
    from mutegreen.store.store import Store

PRESETS = ("smoke", "default", "paper")


@click.group("study")
def command() -> None:
    """Replicate a published study, and compare its tables with the published ones."""


_EXAMPLES = common.examples(
    "mutegreen study hyperparameters --preset smoke --dry-run   show the plan",
    "mutegreen study hyperparameters --preset smoke             takes minutes",
    "mutegreen study hyperparameters --subjects mnist_cnn       one subject only",
    "mutegreen help study                                       how to read it",
)


@command.command("hyperparameters", short_help="Replicate the study of hyperparameters and energy.", epilog=_EXAMPLES)
@click.option(
    "--subjects",
    metavar="A,B",
    help="Train only these subjects, by name or folder.  [default: all subjects of the study]",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="default",
    show_default=True,
    help="Use this size. smoke: minutes on 2 CPU cores, too small for conclusions. default: bundled data, hours. "
    "paper: the published size on the published data, days on a GPU.",
)
@click.option(
    "--company/--no-company",
    default=None,
    help="Also train mnist_cnn co-located with forward_forward, and with siamese_resnet.  "
    "[default: yes, except with the preset smoke]",
)
@click.option("--dry-run", is_flag=True, help="Show the plan with an estimate of its time, and train nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write study.md and the tables as CSV to this folder.  [default: reports/study-hyperparameters-PRESET]",
)
@idle_option
@common.meter_option
@common.require_option
@common.store_option
@common.json_option
def hyperparameters(
    subjects: str | None,
    preset: str,
    company: bool | None,
    idle: float | None,
    dry_run: bool,
    out: Path | None,
    meters: tuple[str, ...],
    require: tuple[str, ...],
    store: Path,
    as_json: bool,
) -> int:
    """Replicate the study of hyperparameters and energy (arXiv 2603.06195).

    The study asks which hyperparameters correlate with energy, and which changes save energy. Each subject gets one
    audit with all hyperparameters of the study, and one more audit for each background load. If it is interrupted, the
    same command continues where it stopped. At the end it shows the tables next to the published ones, and whether
    each finding of the study holds here.
    """
    from mutegreen.model import Metering
    from mutegreen.replication.design import SIZES, SUBJECTS, study_parts

    names = common.split(subjects) if subjects is not None else SUBJECTS
    parts, skipped = study_parts(names, preset, SIZES[preset].co_located if company is None else company, idle)
    if dry_run:
        return _dry_run(parts, skipped, preset, store, as_json)
    study = _Study(preset, store, Metering(meters, require), out or Path("reports") / f"study-hyperparameters-{preset}")
    return study.run(parts, skipped, as_json)


def _dry_run(parts: Sequence[StudyPart], skipped: Sequence[Skipped], preset: str, store: Path, as_json: bool) -> int:
    from mutegreen.cli.preview import study_preview

    progress = study_preview.find_progress(parts, store)
    if as_json:
        common.write_json(study_preview.document(progress, skipped, preset, store))
    else:
        study_preview.show(progress, preset, store)
        print_skipped(skipped)
    return 1 if skipped else 0


class _Study:
    """One call of the command: trains the parts that are pending, then writes the tables."""

    def __init__(self, preset: str, store: Path, metering: Metering, out: Path) -> None:
        self._preset = preset
        self._path = store
        self._metering = metering
        self._out = out

    def run(self, parts: Sequence[StudyPart], skipped: Sequence[Skipped], as_json: bool) -> int:
        """Train the pending parts, show and write the results; return the exit status."""
        from mutegreen.cli.live.study_progress import StudyProgress
        from mutegreen.replication import runner

        with common.create_store(self._path) as store:
            pending = [runner.find_progress(store, part) for part in parts]
            try:
                with StudyProgress(common.messages(), store, pending) as progress:
                    run = partial(self._run, store, progress)
                    audits, failed = runner.run_parts(store, pending, self._metering, run)
            except KeyboardInterrupt:
                common.messages().print("Interrupted. All results so far are stored; the same command continues.")
                return INTERRUPTED
            return self._report(store, audits, [*skipped, *failed], as_json)

    def _run(self, store: Store, progress: StudyProgress, state: PartProgress, begin: Callable[[], str]) -> str:
        from mutegreen.harness.audit import Audit

        export_cuda_variables(state.part.subject)
        with (
            open_meters(self._metering_of(store, state), f"of {state.part.name}") as meters,
            progress.part(state, meters),
        ):
            audit = begin()
            Audit(store, audit, meters.recorder, meters.quality, meters.unavailable, progress.on_event).run()
        return audit

    def _metering_of(self, store: Store, state: PartProgress) -> Metering:
        """Return the meters chosen now; if none, those with which the audit of the part was started."""
        if state.audit is None:
            return self._metering
        return self._metering.or_stored(store.audit(state.audit).options.metering)

    def _report(self, store: Store, audits: Sequence[str], skipped: Sequence[Skipped], as_json: bool) -> int:
        from mutegreen.replication.design import SIZES
        from mutegreen.replication.measurements import measurements
        from mutegreen.replication.results import results

        measured = measurements(store, audits)
        document: dict[str, object] = {"study": "hyperparameters", "store": str(store.path), "audits": list(audits)}
        if measured is not None:
            study_results = results(measured, self._preset, SIZES[self._preset], skipped)
            self._show(study_results, as_json)
            _print_cost(measured)
            document |= {"out": str(self._out), "trials": dict(measured.outcomes), **study_results.as_json()}
        print_skipped(skipped)
        if as_json:
            common.write_json(document | {"skipped": [vars(each) for each in skipped]})
        return 0 if measured is not None and measured.is_sound and not skipped else 1

    def _show(self, study_results: Results, as_json: bool) -> None:
        from mutegreen.replication import pages, tables

        files = pages.write(study_results, self._out)
        if not as_json:
            common.results().print(tables.render(study_results))
        names = ", ".join(file.name for file in files)
        common.messages().print(f"written to {self._out}: {names}", soft_wrap=True)


def _print_cost(measured: Measurements) -> None:
    """Print how the trials of all audits ended, and their energy."""
    counts_by_outcome: Counter[str] = Counter()
    for counts in measured.outcomes.values():
        counts_by_outcome.update(counts)
    energy = "energy not measured" if measured.spent_j is None else units.energy(measured.spent_j)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts_by_outcome.items())
    common.messages().print(f"trials: {outcomes}; {energy} in total, pauses not included", soft_wrap=True)


def print_skipped(skipped: Sequence[Skipped]) -> None:
    """Print a line for each subject that could not be trained, and the remedy."""
    console = common.messages()
    for each in skipped:
        console.print(f"skipped {each.subject}: {each.reason}", style="yellow", soft_wrap=True)
        if each.remedy:
            console.print(f"  {each.remedy}", soft_wrap=True)
