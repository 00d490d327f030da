"""Read the published results of the study; `benchmarks/published_study.py` makes the two tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from mutegreen.model import Kind, Verdict
from mutegreen.stats.analysis import Analysis, Comparison, Correlation
from mutegreen.stats.interval import UNKNOWN, Interval
from mutegreen.stats.verdicts.win_tie_loss import win_tie_loss

CORRELATIONS = "published_correlations.csv"
VERDICTS = "published_verdicts.csv"

COUNTERPARTS = {
    "mnist_cnn": "mnist",
    "forward_forward": "mnist_forward_forward",
    "siamese_resnet": "siamese_network",
    "resnet20_cifar": "pytorch_resnet_cifar10",
    "reid_hrnet18": "person_reid",
}
"""The program of the study that each bundled subject replaces."""

HYPERPARAMETERS = {
    "mnist": {Kind.EPOCHS, Kind.LEARNING_RATE, Kind.GAMMA},
    "mnist_forward_forward": {Kind.EPOCHS, Kind.LEARNING_RATE, Kind.THRESHOLD},
    "siamese_network": {Kind.EPOCHS, Kind.LEARNING_RATE, Kind.GAMMA},
    "pytorch_resnet_cifar10": {Kind.EPOCHS, Kind.LEARNING_RATE, Kind.WEIGHT_DECAY},
    "person_reid": {Kind.EPOCHS, Kind.LEARNING_RATE, Kind.WEIGHT_DECAY},
}
"""The kinds of hyperparameters that the study mutates in each of its programs."""

NEVER_APPLIED = frozenset({"gamma", "threshold"})
FLAW = (
    "The published mutants of gamma and threshold were never applied: the wrapper of the artifact drops both options. "
    "They are copies of the original, and every significant difference of them is a false positive."
)


def counterpart(subject: str) -> str | None:
    """Return the program of the study for a subject or program; None if the study has none."""
    return COUNTERPARTS.get(subject) or (subject if subject in COUNTERPARTS.values() else None)


def measured_program(subject: str) -> str | None:
    """Return the program of the study for a subject, if its measurements are published; else None."""
    program = counterpart(subject)
    return program if any(row.subject == program for row in published().correlations) else None


@cache
def published() -> Analysis:
    """Return the published correlations, verdicts (without means and p values) and win-tie-loss counts."""
    comparisons = tuple(map(_comparison, _rows(VERDICTS)))
    return Analysis(
        protocol="paper",
        correlations=tuple(map(_correlation, _rows(CORRELATIONS))),
        comparisons=comparisons,
        win_tie_loss=tuple(win_tie_loss(comparisons)),
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def _correlation(row: Mapping[str, str]) -> Correlation:
    return Correlation(
        subject=row["subject"],
        background=row["background"],
        hyperparameter=row["hyperparameter"],
        metric=row["metric"],
        n=int(row["n"]),
        spearman=Interval(float(row["spearman"])),
        spearman_p=float(row["spearman_p"]),
        pearson=UNKNOWN,
        pearson_p=None,
        quality=None,
        reason=None,
    )


def _comparison(row: Mapping[str, str]) -> Comparison:
    return Comparison(
        subject=row["subject"],
        background=row["background"],
        hyperparameter=row["hyperparameter"],
        metric=row["metric"],
        mutant=row["mutant"],
        value=float(row["value"]),
        default=float(row["default"]),
        n=int(row["n"]),
        n_original=int(row["n_original"]),
        mean=None,
        mean_original=None,
        relative_change=Interval(float(row["relative_change"])),
        p=None,
        cliffs_delta=UNKNOWN,
        verdict=Verdict(row["verdict"]),
        quality=None,
        reason=None,
    )
