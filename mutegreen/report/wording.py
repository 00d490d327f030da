"""Sentences of the reasons and notes that an analysis gives as codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mutegreen.model import Seeding
from mutegreen.stats.reason import About, Note, Reason, Why

_NO_VARIATION = "no training varies, so nothing says what chance does (is the seed varied?)"
_FIXED = {
    Why.ORIGINAL_INFINITE: "a figure of the original is infinite",
    Why.MUTANT_INFINITE: "a figure of the mutant is infinite",
    Why.ORIGINAL_NOT_MEASURED: "not measured for the original",
    Why.MUTANT_NOT_MEASURED: "not measured for the mutant",
    Why.ORIGINAL_TRAINED_ONCE: "only one training of the original, two or more are needed",
    Why.MUTANT_TRAINED_ONCE: "only one training of the mutant, two or more are needed",
    Why.NO_COMMON_BLOCK: "never trained in a block with the original",
    Why.CONFOUNDED: (
        "its company was another than the original's in every training, and cannot be told from what it does"
    ),
    Why.NO_VARIATION: _NO_VARIATION,
    Why.ALL_EQUAL: "all figures are equal",
    Why.NEITHER_VARIES: "neither the mutant nor the original varies, so p is 0 by definition",
    Why.FIGURE_INFINITE: "a figure is infinite",
    Why.ONE_VALUE: "only one value of the hyperparameter",
    Why.NEARLY_EQUAL: "the figures are too nearly equal for Pearson's coefficient",
    Why.NOT_NUMBERS: "the values are not all numbers",
    Why.MEASURED_FOR_ONE_VALUE: "measured for one value only",
    Why.NO_NOISE_ESTIMATE: "two values, each trained once: nothing tells an effect from noise",
    Why.NO_VARIATION_AROUND_CURVE: "the figures do not vary around the curve, so p is 0 by definition",
    Why.SHAPE_ASSUMED: "two values only, so the shape of the curve is assumed",
    Why.FIGURE_ZERO: "a figure of this scenario is 0, which has no logarithm",
    Why.CORNER_MISSING: "not measured at every corner: the original, each change alone, both together",
    Why.CORNER_TRAINED_ONCE: "one training at a corner is too few to tell the noise by; repeat it",
    Why.CORNER_CONFOUNDED: (
        "company at a corner was another than the original's in every training, and cannot be told from what it does"
    ),
    Why.NO_VARIATION_OF_REPETITIONS: "repetitions do not vary, so there is no interval",
    Why.FEWER_THAN_TWO_IN_BOTH: "fewer than two mutants were trained both alone and in company",
    Why.NOISE_NOT_KNOWN: "an arm has too few figures for its noise to be known, or a figure is 0",
    Why.ENERGY_NOT_MEASURED: "energy was not measured",
    Why.PERFORMANCE_NOT_MEASURED: "performance was not measured, so no saving can be called harmless",
    Why.NO_TOLERANCE: "the original's performance is 0 or not known, and no tolerance is given",
    Why.NOTHING_CHANGED: "no mutant changes a hyperparameter",
    Why.NO_SAVING_SHOWN: "no mutant was shown to save energy",
    Why.NO_SAVING_SEEN: "no mutant was shown to save energy, and none seems to",
    Why.SAVINGS_LOSE_PERFORMANCE: (
        "no mutant was shown to save energy, and those that seem to would lose more performance than is tolerated"
    ),
}
"""Sentences without numbers and names."""


def reason_text(reason: Reason | None) -> str:
    """The sentence of a reason, without capital letter and full stop; empty where there is none."""
    if reason is None:
        return ""
    fixed = _FIXED.get(reason.why)
    return fixed if fixed is not None else _WITH_NUMBERS[reason.why](reason)


def note_text(note: Note | str) -> str:
    """The sentence of a note; a sentence that rows brought along stays as it is."""
    return note if isinstance(note, str) else _NOTES[note.about](note)


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


_WITH_NUMBERS: Mapping[Why, Callable[[Reason], str]] = {
    Why.ORIGINAL_MISSED_TARGET: _missed("original"),
    Why.MUTANT_MISSED_TARGET: _missed("mutant"),
    Why.TOO_FEW_TRAININGS: lambda reason: f"fewer than {reason.count} trainings measured",
    Why.NEVER_CHANGED_ALONE: lambda reason: (
        f"no training changes {reason.names[0]} alone to a value that it has together with the other"
    ),
    Why.TOO_FEW_FOR_NOISE: lambda reason: f"{reason.count} trainings are too few to tell the noise by; repeat them",
    Why.PERFORMANCE_NOT_KEPT: _not_kept,
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


_NOTES: Mapping[About, Callable[[Note], str]] = {
    About.SEVERAL_AUDITS: lambda note: f"The trainings of {note.count} audits are taken together.",
    About.NEVER_MEASURED: lambda note: f"{note.names[0]} was not measured.",
    About.NOT_MEASURED: lambda note: f"{_where(note)}: {note.names[0]} was not measured.",
    About.ONLY_ORIGINAL: lambda note: f"{_where(note)}: only the original was trained.",
    About.NO_ORIGINAL: lambda note: (
        f"{_where(note)}: left out, because the original was not trained under these conditions."
    ),
    About.NO_CORRELATION: lambda note: (
        f"{_where(note)}: no correlation for {note.names[0]}, whose values are not all numbers."
    ),
    About.ORDER_NOT_KNOWN: lambda note: (
        f"{_where(note)}: the rows do not say in which block each training ran, so that a change of the machine in the "
        "meantime may look like an effect of mutants."
    ),
    About.ONE_SEED: _one_seed,
    About.ALWAYS_THE_SAME: _always_the_same,
    About.NO_EXCLUSIVE: lambda note: f"{_exclusive(note)}, of which there are no trainings here.",
    About.OTHER_DEFAULTS: lambda note: f"{_exclusive(note)}, whose {', '.join(note.names)} is_significant.",
}
