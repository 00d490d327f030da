"""`mutegreen study`: the published study, done again over the bundled subjects."""

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
    """Do a published study again, and show its tables beside the published ones."""


@command.command("hyperparameters", short_help="Hyperparameters and energy (arXiv 2603.06195).")
@click.option(
    "--subjects",
    metavar="A,B",
    help="Only these, by name or folder.  [default: all that come with MuteGreen]",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="default",
    show_default=True,
    help="smoke: minutes on 2 cores, too small to conclude from; default: bundled data, hours; paper: the published "
    "settings on the real data, days on a GPU.",
)
@click.option(
    "--company/--no-company",
    default=None,
    help="Train mnist_cnn beside forward_forward and beside siamese_resnet too.  [default: with all presets but smoke]",
)
@click.option("--dry-run", is_flag=True, help="Show what would be trained with an estimate of time, and train nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for study.md and the tables as CSV.  [default: reports/study-hyperparameters-PRESET]",
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
    """Which hyperparameters correlate with energy, and which changes save it (arXiv 2603.06195).

    Every hyperparameter of the study is mutated in every subject, one audit a subject in one store, and in company
    one more. Interrupted, the same command goes on where it stopped. Then the tables are shown beside the published
    ones, with the study's findings and whether they hold here.
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
    """One run of the study, from where it stands to its tables."""

    def __init__(self, preset: str, store: Path, metering: Metering, out: Path) -> None:
        self._preset = preset
        self._path = store
        self._metering = metering
        self._out = out

    def run(self, parts: Sequence[StudyPart], skipped: Sequence[Skipped], as_json: bool) -> int:
        """Trains what is left, shows and writes the results; the exit status."""
        from mutegreen.cli.live.study_progress import StudyProgress
        from mutegreen.replication import runner

        with common.create_store(self._path) as store:
            pending = [runner.find_progress(store, part) for part in parts]
            try:
                with StudyProgress(common.messages(), store, pending) as progress:
                    run = partial(self._run, store, progress)
                    audits, failed = runner.run_parts(store, pending, self._metering, run)
            except KeyboardInterrupt:
                common.messages().print("Interrupted. Everything measured is kept; the same command goes on.")
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
        """The meters named now; without any, those with which the part began."""
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
    """How the trainings of all audits ended, and what they took."""
    counts_by_outcome: Counter[str] = Counter()
    for counts in measured.outcomes.values():
        counts_by_outcome.update(counts)
    energy = "energy not measured" if measured.spent_j is None else units.energy(measured.spent_j)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts_by_outcome.items())
    common.messages().print(f"trainings: {outcomes}; {energy} in all, without pauses", soft_wrap=True)


def print_skipped(skipped: Sequence[Skipped]) -> None:
    """A line for each subject that could not be trained, with what would mend it."""
    console = common.messages()
    for each in skipped:
        console.print(f"skipped {each.subject}: {each.reason}", style="yellow", soft_wrap=True)
        if each.remedy:
            console.print(f"  {each.remedy}", soft_wrap=True)
