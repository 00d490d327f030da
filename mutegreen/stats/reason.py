"""Codes for missing results and for limitations, which `mutegreen.report` turns into sentences.

A code identifies the sentence; `Reason` and `Note` also hold the numbers and names that the sentence needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mutegreen.model import Seeding


class ReasonCode(StrEnum):
    """Why a result is missing or limited."""

    # Of a comparison of a mutant with the original.
    ORIGINAL_INFINITE = "original_infinite"
    MUTANT_INFINITE = "mutant_infinite"
    ORIGINAL_NOT_MEASURED = "original_not_measured"
    MUTANT_NOT_MEASURED = "mutant_not_measured"
    ONE_TRIAL_OF_ORIGINAL = "one_trial_of_original"
    ONE_TRIAL_OF_MUTANT = "one_trial_of_mutant"
    NO_COMMON_BLOCK = "no_common_block"
    CONFOUNDED = "confounded"
    """The mutant never ran with the same concurrency as the original."""
    NO_VARIATION = "no_variation"
    ALL_EQUAL = "all_equal"
    EQUAL_TO_ORIGINAL = "equal_to_original"
    """No difference within any block, though blocks may differ."""
    NEITHER_VARIES = "neither_varies"
    ORIGINAL_MISSED_TARGET = "original_missed_target"
    """`count` of `of` trials reached it; so with `MUTANT_MISSED_TARGET`."""
    MUTANT_MISSED_TARGET = "mutant_missed_target"

    # Of a correlation or a trend.
    VALUE_INFINITE = "value_infinite"
    TOO_FEW_TRIALS = "too_few_trials"
    """Fewer than `count`."""
    ONE_VALUE = "one_value"
    NEARLY_EQUAL = "nearly_equal"
    NOT_NUMBERS = "not_numbers"
    MEASURED_FOR_ONE_VALUE = "measured_for_one_value"
    NO_NOISE_ESTIMATE = "no_noise_estimate"
    NO_VARIATION_AROUND_CURVE = "no_variation_around_curve"
    SHAPE_ASSUMED = "shape_assumed"

    # Of an interaction.
    NEVER_CHANGED_ALONE = "never_changed_alone"
    """The hyperparameter `names[0]`."""
    VALUE_ZERO = "value_zero"
    CORNER_MISSING = "corner_missing"
    TOO_FEW_FOR_NOISE = "too_few_for_noise"
    """`count` trials."""
    ONE_TRIAL_OF_CORNER = "one_trial_of_corner"
    CORNER_CONFOUNDED = "corner_confounded"
    """An arm at a corner never ran with the same concurrency as the original."""
    NO_VARIATION_OF_REPETITIONS = "no_variation_of_repetitions"

    # Of a comparison of co-location with exclusive training.
    FEWER_THAN_TWO_IN_BOTH = "fewer_than_two_in_both"
    NOISE_NOT_KNOWN = "noise_not_known"

    # Of advice.
    ENERGY_NOT_MEASURED = "energy_not_measured"
    PERFORMANCE_NOT_MEASURED = "performance_not_measured"
    NO_TOLERANCE = "no_tolerance"
    NOTHING_CHANGED = "nothing_changed"
    NO_SAVING_SHOWN = "no_saving_shown"
    NO_SAVING_SEEN = "no_saving_seen"
    SAVINGS_LOSE_PERFORMANCE = "savings_lose_performance"
    PERFORMANCE_NOT_KEPT = "performance_not_kept"
    """Of the mutants `names` and `count` more; the tolerance is `bound`."""


@dataclass(frozen=True)
class Reason:
    """A reason, with the numbers and names of its sentence; `ReasonCode` documents which are needed."""

    code: ReasonCode
    count: int | None = None
    of: int | None = None
    bound: float | None = None
    names: tuple[str, ...] = ()


class NoteCode(StrEnum):
    """The subject of a note on an analysis."""

    SEVERAL_AUDITS = "several_audits"
    """`count` of them, several in one scenario."""
    AUDITS_COMPARED = "audits_compared"
    """`count` of them, at most one in each scenario."""
    NEVER_MEASURED = "never_measured"
    """The metric `names[0]`, in no scenario; with `NOT_MEASURED` in those of `scenarios`."""
    NOT_MEASURED = "not_measured"
    ONLY_ORIGINAL = "only_original"
    NO_ORIGINAL = "no_original"
    NO_CORRELATION = "no_correlation"
    """For the hyperparameter `names[0]`, whose values are not all numbers."""
    ORDER_NOT_KNOWN = "order_not_known"
    ONE_SEED = "one_seed"
    """All repetitions have one seed; where they performed the same, `performance` is that performance."""
    ALWAYS_THE_SAME = "always_the_same"
    """The performance `performance` of the original, in `count` repetitions, with seeds as `seeding` says."""
    NO_EXCLUSIVE = "no_exclusive"
    """No training of the subject without background load."""
    OTHER_DEFAULTS = "other_defaults"
    """The original without background load has other values of the hyperparameters `names`."""


@dataclass(frozen=True)
class Note:
    """A note on an analysis, with the numbers and names of its sentence.

    Args:
        code: The subject of the note; `NoteCode` documents which of the other fields are needed.
        scenarios: Subject and background load of each scenario concerned.
        count: A number of things.
        performance: A performance.
        names: Of metrics or hyperparameters.
        seeding: How the trials were seeded; None where the rows do not hold seeds.
    """

    code: NoteCode
    scenarios: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    performance: float | None = None
    names: tuple[str, ...] = ()
    seeding: Seeding | None = None
