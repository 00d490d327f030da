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
from mutegreen.cli.metering import idle_option, metered, see_devices_of

if TYPE_CHECKING:
    from mutegreen.cli.live.study_progress import StudyProgress
    from mutegreen.model import Metering
    from mutegreen.replication.design import Part, Skipped
    from mutegreen.replication.measured import Here
    from mutegreen.replication.results import Results
    from mutegreen.replication.runner import Standing
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
    from mutegreen.replication.design import SIZES, SUBJECTS, parts

    wanted = common.split(subjects) if subjects is not None else SUBJECTS
    found, skipped = parts(wanted, preset, SIZES[preset].in_company if company is None else company, idle)
    if dry_run:
        return _dry_run(found, skipped, preset, store, as_json)
    study = _Study(preset, store, Metering(meters, require), out or Path("reports") / f"study-hyperparameters-{preset}")
    return study.conduct(found, skipped, as_json)


def _dry_run(found: Sequence[Part], skipped: Sequence[Skipped], preset: str, store: Path, as_json: bool) -> int:
    from mutegreen.cli.preview import study_preview

    standings = study_preview.standings(found, store)
    if as_json:
        common.write_json(study_preview.document(standings, skipped, preset, store))
    else:
        study_preview.show(standings, preset, store)
        say_skipped(skipped)
    return 1 if skipped else 0


class _Study:
    """One run of the study, from where it stands to its tables."""

    def __init__(self, preset: str, store: Path, metering: Metering, out: Path) -> None:
        self._preset = preset
        self._path = store
        self._metering = metering
        self._out = out

    def conduct(self, found: Sequence[Part], skipped: Sequence[Skipped], as_json: bool) -> int:
        """Trains what is left, shows and writes the results; the exit status."""
        from mutegreen.cli.live.study_progress import StudyProgress
        from mutegreen.replication import runner

        with common.create_store(self._path) as store:
            standings = [runner.standing(store, part) for part in found]
            try:
                with StudyProgress(common.messages(), store, standings) as progress:
                    run = partial(self._run, store, progress)
                    audits, failed = runner.conduct(store, standings, self._metering, run)
            except KeyboardInterrupt:
                common.messages().print("Interrupted. Everything measured is kept; the same command goes on.")
                return INTERRUPTED
            return self._report(store, audits, [*skipped, *failed], as_json)

    def _run(self, store: Store, progress: StudyProgress, standing: Standing, begin: Callable[[], str]) -> str:
        from mutegreen.harness.audit import Audit

        see_devices_of(standing.part.subject)
        with (
            metered(self._metering_of(store, standing), f"of {standing.part.name}") as meters,
            progress.part(standing, meters),
        ):
            audit = begin()
            Audit(store, audit, meters.recorder, meters.quality, meters.unavailable, progress.hear).run()
        return audit

    def _metering_of(self, store: Store, standing: Standing) -> Metering:
        """The meters named now; without any, those with which the part began."""
        if standing.audit is None:
            return self._metering
        return self._metering.or_kept(store.audit(standing.audit).options.metering)

    def _report(self, store: Store, audits: Sequence[str], skipped: Sequence[Skipped], as_json: bool) -> int:
        from mutegreen.replication.design import SIZES
        from mutegreen.replication.measured import here
        from mutegreen.replication.results import results

        measured = here(store, audits)
        document: dict[str, object] = {"study": "hyperparameters", "store": str(store.path), "audits": list(audits)}
        if measured is not None:
            found = results(measured, self._preset, SIZES[self._preset], skipped)
            self._show(found, as_json)
            _say_cost(measured)
            document |= {"out": str(self._out), "trials": dict(measured.outcomes), **found.as_json()}
        say_skipped(skipped)
        if as_json:
            common.write_json(document | {"skipped": [vars(each) for each in skipped]})
        return 0 if measured is not None and measured.is_sound and not skipped else 1

    def _show(self, found: Results, as_json: bool) -> None:
        from mutegreen.replication import pages, tables

        files = pages.write(found, self._out)
        if not as_json:
            common.results().print(tables.render(found))
        names = ", ".join(file.name for file in files)
        common.messages().print(f"written to {self._out}: {names}", soft_wrap=True)


def _say_cost(measured: Here) -> None:
    """How the trainings of all audits ended, and what they took."""
    ended: Counter[str] = Counter()
    for counts in measured.outcomes.values():
        ended.update(counts)
    energy = "energy not measured" if measured.spent_j is None else units.energy(measured.spent_j)
    told = ", ".join(f"{count} {outcome}" for outcome, count in ended.items())
    common.messages().print(f"trainings: {told}; {energy} in all, without pauses", soft_wrap=True)


def say_skipped(skipped: Sequence[Skipped]) -> None:
    """A line for each subject that could not be trained, with what would mend it."""
    console = common.messages()
    for each in skipped:
        console.print(f"skipped {each.subject}: {each.reason}", style="yellow", soft_wrap=True)
        if each.remedy:
            console.print(f"  {each.remedy}", soft_wrap=True)
