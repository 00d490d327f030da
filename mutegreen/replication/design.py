"""The design of the study: which subjects, which hyperparameters, how many mutants and repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mutegreen import catalog, config
from mutegreen.errors import MuteGreenError, UsageError
from mutegreen.harness.backgrounds import resolve
from mutegreen.harness.opening import Sharing
from mutegreen.harness.plan.plan import Plan, make
from mutegreen.model import Hyperparameter, Limits, PlanOptions, Subject
from mutegreen.replication.published import HYPERPARAMETERS, counterpart
from mutegreen.report.wording import scenario_text

SUBJECTS = ("mnist_cnn", "forward_forward", "siamese_resnet", "resnet20_cifar", "reid_hrnet18", "keras_cnn")
"""The bundled subjects: the study's five programs in its order, and one on another framework that is ours alone."""

KINDS = frozenset().union(*HYPERPARAMETERS.values())
"""The hyperparameters of the study, looked for in subjects that stand for none of its programs."""

BACKGROUNDS = {"mnist_cnn": ("forward_forward", "siamese_resnet")}
"""What subjects train beside, of the pairs of which there are published figures."""

EXCLUSIVE = ""
"""No background load: the background of trainings that have the machine to themselves."""

DEFAULT = "default"
"""The preset of the study that takes every subject as it is without a preset."""


@dataclass(frozen=True)
class Size:
    """How much is trained.

    Attributes:
        mutants: Of each hyperparameter.
        repetitions: Of each mutant and of the original.
        cooldown_s: Longest wait after a training, seconds; None: as the subject's preset says.
        co_located: Whether subjects train in background too.
    """

    mutants: int
    repetitions: int
    cooldown_s: float | None = None
    co_located: bool = True


PUBLISHED_SIZE = Size(mutants=5, repetitions=5)
SMALL_SIZE = Size(mutants=2, repetitions=2, cooldown_s=2.0, co_located=False)
SIZES = {"smoke": SMALL_SIZE, DEFAULT: PUBLISHED_SIZE, "paper": PUBLISHED_SIZE}
"""By preset. Smoke shows in minutes that everything works; it is too small to show much else."""


@dataclass(frozen=True)
class StudyPart:
    """One audit of the study: one subject in one background."""

    subject: Subject
    background: str
    plan: Plan
    options: PlanOptions
    limits: Limits
    sharing: Sharing

    @property
    def name(self) -> str:
        """What messages call it."""
        return audit_name(self.subject.name, self.background)


@dataclass(frozen=True)
class Skipped:
    """A subject that could not be trained, why, and what would mend it."""

    subject: str
    reason: str
    remedy: str | None


def study_parts(
    names: Iterable[str], preset: str, co_located: bool, idle_s: float | None = None
) -> tuple[list[StudyPart], list[Skipped]]:
    """The audits of the study in their order, and the subjects that cannot take part.

    Args:
        names: Subjects, by name or by folder.
        preset: One of `SIZES`.
        co_located: Whether subjects also train beside others, one audit for each of `BACKGROUNDS`.
        idle_s: Time over which each audit measures idle power, seconds; None: the default.

    Raises:
        UsageError: There is no subject of that name, nor one that should have come with MuteGreen.
    """
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in SUBJECTS:
            catalog.find_subject(name)
    audits: list[StudyPart] = []
    skipped: list[Skipped] = []
    for name in wanted:
        for background in (EXCLUSIVE, *(BACKGROUNDS.get(name, ()) if co_located else ())):
            try:
                audits.append(_study_part(name, preset, background, idle_s))
            except MuteGreenError as error:
                skipped.append(skip(audit_name(name, background), error))
    return audits, skipped


def skip(name: str, error: MuteGreenError) -> Skipped:
    """Why a subject cannot take part: the error in one line, where a program failed with its last words."""
    first, *further = error.message.splitlines()
    words = [line.strip().removeprefix("| ") for line in further]
    return Skipped(name, f"{first}: {words[-1]}" if words else first, error.hint)


def studied(subject: Subject) -> list[Hyperparameter]:
    """The hyperparameters of a subject that the study mutates."""
    kinds = HYPERPARAMETERS.get(counterpart(subject.name) or "", KINDS)
    return [each for each in subject.hyperparameters if each.kind in kinds]


def audit_name(subject: str, background: str) -> str:
    """What messages call a subject in a background."""
    return scenario_text((subject, background))


def _study_part(name: str, preset: str, background: str, idle_s: float | None) -> StudyPart:
    subject = config.load(catalog.find_subject(name))
    options = _options(subject, preset)
    return StudyPart(
        subject=subject,
        background=background,
        plan=make(subject, options),
        options=options,
        limits=Limits(cooldown_s=SIZES[preset].cooldown_s, idle_s=idle_s),
        sharing=Sharing(backgrounds=resolve((background,) if background else (), options.preset)),
    )


def _options(subject: Subject, preset: str) -> PlanOptions:
    operators = [operator.name for each in studied(subject) if (operator := catalog.operator_for(each)) is not None]
    if not operators:
        kinds = ", ".join(sorted(KINDS))
        raise UsageError(f"{subject.name} has none of the study's hyperparameters", f"they are: {kinds}")
    return PlanOptions(
        preset=None if preset == DEFAULT else preset,
        operators=tuple(dict.fromkeys(operators)),
        mutants=SIZES[preset].mutants,
        repetitions=SIZES[preset].repetitions,
    )
