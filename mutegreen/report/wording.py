"""Turn the codes of an analysis, its reasons and notes, into sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from mutegreen.model import Goal, Seeding
from mutegreen.report.metric_names import NAMES, TITLES
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode

_NO_VARIATION = "repeated trials do not vary, so significance cannot be tested (is the seed varied?)"
_FIXED = {
    ReasonCode.ORIGINAL_INFINITE: "a value of the original is infinite",
    ReasonCode.MUTANT_INFINITE: "a value of the mutant is infinite",
    ReasonCode.ORIGINAL_NOT_MEASURED: "not measured for the original",
    ReasonCode.MUTANT_NOT_MEASURED: "not measured for the mutant",
    ReasonCode.ONE_TRIAL_OF_ORIGINAL: "only one trial of the original; at least two are needed",
    ReasonCode.ONE_TRIAL_OF_MUTANT: "only one trial of the mutant; at least two are needed",
    ReasonCode.NO_COMMON_BLOCK: "never in the same block as the original",
    ReasonCode.CONFOUNDED: ("confounded: in every trial its concurrency differed from that of the original"),
    ReasonCode.NO_VARIATION: _NO_VARIATION,
    ReasonCode.ALL_EQUAL: "all values are equal",
    ReasonCode.EQUAL_TO_ORIGINAL: "all values are equal to the original's in every block",
    ReasonCode.NEITHER_VARIES: "neither the mutant nor the original varies, so p is 0 by definition",
    ReasonCode.VALUE_INFINITE: "a value is infinite",
    ReasonCode.ONE_VALUE: "only one value of the hyperparameter",
    ReasonCode.NEARLY_EQUAL: "the values are too nearly equal for Pearson's coefficient",
    ReasonCode.NOT_NUMBERS: "the values are not all numbers",
    ReasonCode.MEASURED_FOR_ONE_VALUE: "measured for one value only",
    ReasonCode.NO_NOISE_ESTIMATE: "two values with one trial each: an effect cannot be distinguished from noise",
    ReasonCode.NO_VARIATION_AROUND_CURVE: "the measurements do not vary around the curve, so p is 0 by definition",
    ReasonCode.SHAPE_ASSUMED: "two values only, so the shape of the curve is assumed",
    ReasonCode.VALUE_ZERO: "a measured value in this scenario is 0, which has no logarithm",
    ReasonCode.CORNER_MISSING: "not measured for all four of: the original, each single change, both changes together",
    ReasonCode.ONE_TRIAL_OF_CORNER: (
        "only one trial of the original, of a single change or of both changes; at least two are needed"
    ),
    ReasonCode.CORNER_CONFOUNDED: (
        "confounded: in every trial of a single change or of both, the concurrency differed from that of the original"
    ),
    ReasonCode.NO_VARIATION_OF_REPETITIONS: "repetitions do not vary, so there is no interval",
    ReasonCode.FEWER_THAN_TWO_IN_BOTH: "fewer than two mutants were trained both exclusively and co-located",
    ReasonCode.NOISE_NOT_KNOWN: "an arm has too few values to estimate its noise, or a value is 0",
    ReasonCode.ENERGY_NOT_MEASURED: "energy was not measured",
    ReasonCode.PERFORMANCE_NOT_MEASURED: "performance was not measured, so no mutant can be shown to keep it",
    ReasonCode.NO_TOLERANCE: (
        "the performance of the original is 0 or unknown, and no tolerance is given (use --tolerance)"
    ),
    ReasonCode.NOTHING_CHANGED: "no mutant changes a hyperparameter",
    ReasonCode.NO_SAVING_SHOWN: "no mutant saves energy significantly",
    ReasonCode.NO_SAVING_SEEN: "no mutant saves energy significantly, and no estimate is a saving",
    ReasonCode.SAVINGS_LOSE_PERFORMANCE: (
        "no mutant saves energy significantly, and those with an estimated saving lose more performance than tolerated"
    ),
}
"""Sentences of the reasons without numbers and names."""


def better(goal: Goal) -> str:
    """Return which performance is better, `higher` or `lower`."""
    return "lower" if goal is Goal.MINIMIZE else "higher"


def direction(goal: Goal) -> str:
    """Return the sentence that says which performance is better."""
    return f"{better(goal).capitalize()} {TITLES['performance']} is better."


def reason_text(reason: Reason | None, names: Mapping[str, str] | None = None) -> str:
    """Return the sentence of a reason, without capital letter and full stop; empty for None.

    Args:
        reason: The reason.
        names: The labels of mutants; None: their ids.
    """
    if reason is None:
        return ""
    if names is not None:
        reason = replace(reason, names=tuple(names.get(name, name) for name in reason.names))
    fixed = _FIXED.get(reason.code)
    return fixed if fixed is not None else _WITH_NUMBERS[reason.code](reason)


def note_text(note: Note | str) -> str:
    """Return the sentence of a note; a note that is text already stays as it is."""
    return note if isinstance(note, str) else _NOTES[note.code](note)


def scenario_text(scenario: tuple[str, str]) -> str:
    """Return the name of a scenario: the subject, and its background load if it has one."""
    subject, background = scenario
    return f"{subject} co-located with {background}" if background else subject


def scenario_key(scenario: tuple[str, str]) -> str:
    """Return the name of a scenario in names of files and in JSON; it never changes."""
    subject, background = scenario
    return f"{subject} beside {background}" if background else subject


def _target_missed(whose: str) -> Callable[[Reason], str]:
    return lambda reason: f"{reason.count} of {reason.of} trials of the {whose} reached the target"


def _not_kept(reason: Reason) -> str:
    more = f" and {reason.count} more" if reason.count else ""
    kept = f"significantly keeps performance within {reason.bound:.3g} of the original's (non-inferiority)"
    return f"of the mutants that save energy significantly ({', '.join(reason.names)}{more}), none {kept}"


_WITH_NUMBERS: Mapping[ReasonCode, Callable[[Reason], str]] = {
    ReasonCode.ORIGINAL_MISSED_TARGET: _target_missed("original"),
    ReasonCode.MUTANT_MISSED_TARGET: _target_missed("mutant"),
    ReasonCode.TOO_FEW_TRIALS: lambda reason: f"fewer than {reason.count} trials measured",
    ReasonCode.NEVER_CHANGED_ALONE: lambda reason: (
        f"no trial changes only {reason.names[0]} to a value that it has together with the other hyperparameter"
    ),
    ReasonCode.TOO_FEW_FOR_NOISE: lambda reason: (
        f"{reason.count} trials are too few to estimate the noise; use more --repetitions"
    ),
    ReasonCode.PERFORMANCE_NOT_KEPT: _not_kept,
}

_NO_VARIANCE = "Performance has zero variance, so tests on it are meaningless"
_SEEDING = {Seeding.OWN: ", each with its own seed", Seeding.NONE: "; the program takes no seed"}


def capitalised(sentence: str) -> str:
    """Return the sentence with a capital letter; all others stay as they are."""
    return sentence[:1].upper() + sentence[1:]


def _metric(note: Note) -> str:
    return NAMES.get(note.names[0], note.names[0])


def _where(note: Note) -> str:
    return ", ".join(map(scenario_text, note.scenarios))


def _exclusive(note: Note) -> str:
    """Return which scenario was not compared with the same subject without background load."""
    return f"{_where(note)}: not compared with {note.scenarios[0][0]} without background load"


def _one_seed(note: Note) -> str:
    if note.performance is None:
        return f"{_where(note)}: all repetitions used one seed. Results on performance hold for this seed only."
    return (
        f"{_where(note)}: all repetitions used one seed, and the performance of the original was always "
        f"{note.performance:.4g}. {_NO_VARIANCE}. Drop --same-seed to give each repetition its own seed."
    )


def _always_the_same(note: Note) -> str:
    seeding = _SEEDING.get(note.seeding, "") if note.seeding is not None else ""
    return (
        f"{_where(note)}: the performance of the original was {note.performance:.4g} in all {note.count} repetitions"
        f"{seeding}. {_NO_VARIANCE}."
    )


_NOTES: Mapping[NoteCode, Callable[[Note], str]] = {
    NoteCode.SEVERAL_AUDITS: lambda note: f"The trials of {note.count} audits are analysed together.",
    NoteCode.AUDITS_COMPARED: lambda note: f"The trials are of {note.count} audits, one for each scenario.",
    NoteCode.NEVER_MEASURED: lambda note: capitalised(f"{_metric(note)} was not measured."),
    NoteCode.NOT_MEASURED: lambda note: f"{_where(note)}: {_metric(note)} was not measured.",
    NoteCode.ONLY_ORIGINAL: lambda note: f"{_where(note)}: only the original was trained.",
    NoteCode.NO_ORIGINAL: lambda note: (
        f"{_where(note)}: excluded, because the original was not trained in this scenario."
    ),
    NoteCode.NO_CORRELATION: lambda note: (
        f"{_where(note)}: no correlation for {note.names[0]}, whose values are not all numbers."
    ),
    NoteCode.ORDER_NOT_KNOWN: lambda note: (
        f"{_where(note)}: the rows do not contain the block of each trial. A drift of the machine may therefore look "
        "like an effect of mutants."
    ),
    NoteCode.ONE_SEED: _one_seed,
    NoteCode.ALWAYS_THE_SAME: _always_the_same,
    NoteCode.NO_EXCLUSIVE: lambda note: f"{_exclusive(note)}, for which there are no trials here.",
    NoteCode.OTHER_DEFAULTS: lambda note: (
        f"{_exclusive(note)}, where the original has other values ({', '.join(note.names)})."
    ),
}
