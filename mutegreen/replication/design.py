"""Define the design of the study: subjects, hyperparameters, numbers of mutants and repetitions."""

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
from mutegreen.report.wording import scenario_key

SUBJECTS = ("mnist_cnn", "forward_forward", "siamese_resnet", "resnet20_cifar", "reid_hrnet18", "keras_cnn")
"""The bundled subjects: those for the five programs of the study, in its order, and one on another framework."""

KINDS = frozenset().union(*HYPERPARAMETERS.values())
"""The kinds of hyperparameters in the study, used for subjects without a counterpart there."""

BACKGROUNDS = {"mnist_cnn": ("forward_forward", "siamese_resnet")}
"""The background loads of each subject for which there are published results."""

EXCLUSIVE = ""
"""The background of exclusive trials: none."""

DEFAULT = "default"
"""The preset of the study that uses no preset of the subjects."""


@dataclass(frozen=True)
class Size:
    """The size of the study.

    Attributes:
        mutants: Mutants of each hyperparameter.
        repetitions: Repetitions of each mutant and of the original.
        cooldown_s: Longest wait after a trial, seconds; None: that of the preset of the subject.
        co_located: Whether subjects train in background too.
    """

    mutants: int
    repetitions: int
    cooldown_s: float | None = None
    co_located: bool = True


PUBLISHED_SIZE = Size(mutants=5, repetitions=5)
SMALL_SIZE = Size(mutants=2, repetitions=2, cooldown_s=2.0, co_located=False)
SIZES = {"smoke": SMALL_SIZE, DEFAULT: PUBLISHED_SIZE, "paper": PUBLISHED_SIZE}
"""Size by preset. `smoke` takes minutes and shows that everything works; it is too small for conclusions."""


@dataclass(frozen=True)
class StudyPart:
    """One audit of the study: one subject, exclusive or with one background load."""

    subject: Subject
    background: str
    plan: Plan
    options: PlanOptions
    limits: Limits
    sharing: Sharing

    @property
    def name(self) -> str:
        """The name in messages."""
        return audit_name(self.subject.name, self.background)


@dataclass(frozen=True)
class Skipped:
    """A subject that could not be trained, with the reason and a remedy."""

    subject: str
    reason: str
    remedy: str | None


def study_parts(
    names: Iterable[str], preset: str, co_located: bool, idle_s: float | None = None
) -> tuple[list[StudyPart], list[Skipped]]:
    """Return the audits of the study in their order, and the subjects that are skipped.

    Args:
        names: Names or folders of subjects.
        preset: One of `SIZES`.
        co_located: Whether subjects are also trained with background loads, one audit for each in `BACKGROUNDS`.
        idle_s: Time over which each audit measures idle power, seconds; None: the default.

    Raises:
        UsageError: A subject is not found.
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
    """Return a skipped subject with the error in one line: its first line and the last line of output."""
    first, *further = error.message.splitlines()
    output = [line.strip().removeprefix("| ") for line in further]
    return Skipped(name, f"{first}: {output[-1]}" if output else first, error.hint)


def studied(subject: Subject) -> list[Hyperparameter]:
    """Return the hyperparameters of a subject that the study mutates."""
    kinds = HYPERPARAMETERS.get(counterpart(subject.name) or "", KINDS)
    return [each for each in subject.hyperparameters if each.kind in kinds]


def audit_name(subject: str, background: str) -> str:
    """Return the name of an audit in messages and in JSON: the subject, with its background load."""
    return scenario_key((subject, background))


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
