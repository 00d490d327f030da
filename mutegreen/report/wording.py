"""Sentences of the reasons and notes that an analysis gives as codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutegreen.model import Seeding
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode

_NO_VARIATION = "no training varies, so nothing says what chance does (is the seed varied?)"
_FIXED = {
    ReasonCode.ORIGINAL_INFINITE: "a figure of the original is infinite",
    ReasonCode.MUTANT_INFINITE: "a figure of the mutant is infinite",
    ReasonCode.ORIGINAL_NOT_MEASURED: "not measured for the original",
    ReasonCode.MUTANT_NOT_MEASURED: "not measured for the mutant",
    ReasonCode.ORIGINAL_TRAINED_ONCE: "only one training of the original, two or more are needed",
    ReasonCode.MUTANT_TRAINED_ONCE: "only one training of the mutant, two or more are needed",
    ReasonCode.NO_COMMON_BLOCK: "never trained in a block with the original",
    ReasonCode.CONFOUNDED: (
        "its company was another than the original's in every training, and cannot be told from what it does"
    ),
    ReasonCode.NO_VARIATION: _NO_VARIATION,
    ReasonCode.ALL_EQUAL: "all figures are equal",
    ReasonCode.NEITHER_VARIES: "neither the mutant nor the original varies, so p is 0 by definition",
    ReasonCode.FIGURE_INFINITE: "a figure is infinite",
    ReasonCode.ONE_VALUE: "only one value of the hyperparameter",
    ReasonCode.NEARLY_EQUAL: "the figures are too nearly equal for Pearson's coefficient",
    ReasonCode.NOT_NUMBERS: "the values are not all numbers",
    ReasonCode.MEASURED_FOR_ONE_VALUE: "measured for one value only",
    ReasonCode.NO_NOISE_ESTIMATE: "two values, each trained once: nothing tells an effect from noise",
    ReasonCode.NO_VARIATION_AROUND_CURVE: "the figures do not vary around the curve, so p is 0 by definition",
    ReasonCode.SHAPE_ASSUMED: "two values only, so the shape of the curve is assumed",
    ReasonCode.FIGURE_ZERO: "a figure of this scenario is 0, which has no logarithm",
    ReasonCode.CORNER_MISSING: "not measured at every corner: the original, each change alone, both together",
    ReasonCode.CORNER_TRAINED_ONCE: "one training at a corner is too few to tell the noise by; repeat it",
    ReasonCode.CORNER_CONFOUNDED: (
        "company at a corner was another than the original's in every training, and cannot be told from what it does"
    ),
    ReasonCode.NO_VARIATION_OF_REPETITIONS: "repetitions do not vary, so there is no interval",
    ReasonCode.FEWER_THAN_TWO_IN_BOTH: "fewer than two mutants were trained both alone and in company",
    ReasonCode.NOISE_NOT_KNOWN: "an arm has too few figures for its noise to be known, or a figure is 0",
    ReasonCode.ENERGY_NOT_MEASURED: "energy was not measured",
    ReasonCode.PERFORMANCE_NOT_MEASURED: "performance was not measured, so no saving can be called harmless",
    ReasonCode.NO_TOLERANCE: "the original's performance is 0 or not known, and no tolerance is given",
    ReasonCode.NOTHING_CHANGED: "no mutant changes a hyperparameter",
    ReasonCode.NO_SAVING_SHOWN: "no mutant was shown to save energy",
    ReasonCode.NO_SAVING_SEEN: "no mutant was shown to save energy, and none seems to",
    ReasonCode.SAVINGS_LOSE_PERFORMANCE: (
        "no mutant was shown to save energy, and those that seem to would lose more performance than is tolerated"
    ),
}
"""Sentences without numbers and names."""


def reason_text(reason: Reason | None) -> str:
    """The sentence of a reason, without capital letter and full stop; empty where there is none."""
    if reason is None:
        return ""
    fixed = _FIXED.get(reason.code)
    return fixed if fixed is not None else _WITH_NUMBERS[reason.code](reason)


def note_text(note: Note | str) -> str:
    """The sentence of a note; a sentence that rows brought along stays as it is."""
    return note if isinstance(note, str) else _NOTES[note.code](note)


def scenario_text(scenario: tuple[str, str]) -> str:
    """A subject and its background load, where it has one."""
    subject, background = scenario
    return f"{subject} beside {background}" if background else subject


def _missed(whose: str) -> Callable[[Reason], str]:
    return lambda reason: f"{reason.count} of {reason.of} trainings of the {whose} reached it"


def _not_kept(reason: Reason) -> str:
    more = f" and {reason.count} more" if reason.count else ""
    kept = f"to keep performance within {reason.bound:.3g} of the original's"
    return f"of the mutants shown to save energy ({', '.join(reason.names)}{more}) none was shown {kept}"


_WITH_NUMBERS: Mapping[ReasonCode, Callable[[Reason], str]] = {
    ReasonCode.ORIGINAL_MISSED_TARGET: _missed("original"),
    ReasonCode.MUTANT_MISSED_TARGET: _missed("mutant"),
    ReasonCode.TOO_FEW_TRAININGS: lambda reason: f"fewer than {reason.count} trainings measured",
    ReasonCode.NEVER_CHANGED_ALONE: lambda reason: (
        f"no training changes {reason.names[0]} alone to a value that it has together with the other"
    ),
    ReasonCode.TOO_FEW_FOR_NOISE: lambda reason: (
        f"{reason.count} trainings are too few to tell the noise by; repeat them"
    ),
    ReasonCode.PERFORMANCE_NOT_KEPT: _not_kept,
}

_MEANS_NOTHING = "Nothing says what chance does to it, so tests on performance mean nothing here"
_DESPITE = {Seeding.OWN: ", each with its own seed", Seeding.NONE: ", and the program takes no seed"}


def _where(note: Note) -> str:
    return ", ".join(map(scenario_text, note.scenarios))


def _exclusive(note: Note) -> str:
    """The subject without background load, with which a scenario should be compared."""
    return f"{_where(note)}: not compared with {note.scenarios[0][0]} alone"


def _one_seed(note: Note) -> str:
    if note.figure is None:
        return (
            f"{_where(note)}: all repetitions trained with one seed. What is said of performance holds for this seed; "
            "with another one it may be different."
        )
    return (
        f"{_where(note)}: all repetitions trained with one seed, and the original performed the same each time "
        f"({note.figure:.4g}). {_MEANS_NOTHING}: leave --same-seed away, and each repetition has its own."
    )


def _always_the_same(note: Note) -> str:
    despite = _DESPITE.get(note.seeding, "") if note.seeding is not None else ""
    return (
        f"{_where(note)}: the original performed the same ({note.figure:.4g}) in all {note.count} repetitions"
        f"{despite}. {_MEANS_NOTHING}."
    )


_NOTES: Mapping[NoteCode, Callable[[Note], str]] = {
    NoteCode.SEVERAL_AUDITS: lambda note: f"The trainings of {note.count} audits are taken together.",
    NoteCode.NEVER_MEASURED: lambda note: f"{note.names[0]} was not measured.",
    NoteCode.NOT_MEASURED: lambda note: f"{_where(note)}: {note.names[0]} was not measured.",
    NoteCode.ONLY_ORIGINAL: lambda note: f"{_where(note)}: only the original was trained.",
    NoteCode.NO_ORIGINAL: lambda note: (
        f"{_where(note)}: left out, because the original was not trained under these conditions."
    ),
    NoteCode.NO_CORRELATION: lambda note: (
        f"{_where(note)}: no correlation for {note.names[0]}, whose values are not all numbers."
    ),
    NoteCode.ORDER_NOT_KNOWN: lambda note: (
        f"{_where(note)}: the rows do not say in which block each training ran, so that a change of the machine in the "
        "meantime may look like an effect of mutants."
    ),
    NoteCode.ONE_SEED: _one_seed,
    NoteCode.ALWAYS_THE_SAME: _always_the_same,
    NoteCode.NO_EXCLUSIVE: lambda note: f"{_exclusive(note)}, of which there are no trainings here.",
    NoteCode.OTHER_DEFAULTS: lambda note: f"{_exclusive(note)}, whose {', '.join(note.names)} differs.",
}
