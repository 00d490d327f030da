"""Every code of an analysis has its sentence, and a sentence has the numbers and names of its code."""

from __future__ import annotations

import pytest

from mutegreen.model import Seeding
from mutegreen.report.wording import note_text, reason_text, scenario_text
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode

EXCLUSIVE, CO_LOCATED = ("mnist", ""), ("mnist", "load")
REASONS = {
    Reason(ReasonCode.ORIGINAL_INFINITE): "a value of the original is infinite",
    Reason(ReasonCode.MUTANT_NOT_MEASURED): "not measured for the mutant",
    Reason(ReasonCode.ONE_TRIAL_OF_ORIGINAL): "only one trial of the original; at least two are needed",
    Reason(ReasonCode.NO_COMMON_BLOCK): "never in the same block as the original",
    Reason(ReasonCode.CONFOUNDED): ("confounded: in every trial its concurrency differed from that of the original"),
    Reason(
        ReasonCode.NO_VARIATION
    ): "repeated trials do not vary, so significance cannot be tested (is the seed varied?)",
    Reason(ReasonCode.NEITHER_VARIES): "neither the mutant nor the original varies, so p is 0 by definition",
    Reason(ReasonCode.ORIGINAL_MISSED_TARGET, count=2, of=5): "2 of 5 trials of the original reached the target",
    Reason(ReasonCode.MUTANT_MISSED_TARGET, count=0, of=5): "0 of 5 trials of the mutant reached the target",
    Reason(ReasonCode.TOO_FEW_TRIALS, count=3): "fewer than 3 trials measured",
    Reason(ReasonCode.NEARLY_EQUAL): "the values are too nearly equal for Pearson's coefficient",
    Reason(ReasonCode.NO_NOISE_ESTIMATE): (
        "two values with one trial each: an effect cannot be distinguished from noise"
    ),
    Reason(ReasonCode.NEVER_CHANGED_ALONE, names=("epochs",)): (
        "no trial changes only epochs to a value that it has together with the other hyperparameter"
    ),
    Reason(ReasonCode.TOO_FEW_FOR_NOISE, count=4): "4 trials are too few to estimate the noise; use more --repetitions",
    Reason(ReasonCode.NO_SAVING_SEEN): "no mutant saves energy significantly, and no estimate is a saving",
    Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=0, bound=0.00987, names=("a", "b")): (
        "of the mutants that save energy significantly (a, b), none significantly keeps performance within 0.00987 "
        "of the original's (non-inferiority)"
    ),
    Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=2, bound=0.01, names=("a",)): (
        "of the mutants that save energy significantly (a and 2 more), none significantly keeps performance within "
        "0.01 of the original's (non-inferiority)"
    ),
}
NOTES = {
    Note(NoteCode.SEVERAL_AUDITS, count=2): "The trials of 2 audits are analysed together.",
    Note(NoteCode.AUDITS_COMPARED, count=2): "The trials are of 2 audits, one for each scenario.",
    Note(NoteCode.NEVER_MEASURED, names=("gpu_j",)): "GPU energy was not measured.",
    Note(
        NoteCode.NOT_MEASURED, (CO_LOCATED,), names=("gpu_j",)
    ): "mnist co-located with load: GPU energy was not measured.",
    Note(NoteCode.ONLY_ORIGINAL, (EXCLUSIVE,)): "mnist: only the original was trained.",
    Note(NoteCode.NO_ORIGINAL, (CO_LOCATED,)): (
        "mnist co-located with load: excluded, because the original was not trained in this scenario."
    ),
    Note(NoteCode.NO_CORRELATION, (EXCLUSIVE,), names=("optimizer",)): (
        "mnist: no correlation for optimizer, whose values are not all numbers."
    ),
    Note(NoteCode.ORDER_NOT_KNOWN, (EXCLUSIVE, CO_LOCATED)): (
        "mnist, mnist co-located with load: the rows do not contain the block of each trial. A drift of the "
        "machine may therefore look like an effect of mutants."
    ),
    Note(NoteCode.ONE_SEED, (EXCLUSIVE,)): (
        "mnist: all repetitions used one seed. Results on performance hold for this seed only."
    ),
    Note(NoteCode.ONE_SEED, (EXCLUSIVE,), performance=0.912345): (
        "mnist: all repetitions used one seed, and the performance of the original was always 0.9123. Performance has "
        "zero variance, so tests on it are meaningless. Drop --same-seed to give each repetition its own seed."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (EXCLUSIVE,), 5, 0.9, seeding=Seeding.OWN): (
        "mnist: the performance of the original was 0.9 in all 5 repetitions, each with its own seed. Performance has "
        "zero variance, so tests on it are meaningless."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (EXCLUSIVE,), 5, 0.9, seeding=Seeding.NONE): (
        "mnist: the performance of the original was 0.9 in all 5 repetitions; the program takes no seed. Performance "
        "has zero variance, so tests on it are meaningless."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (EXCLUSIVE,), 5, 0.9): (
        "mnist: the performance of the original was 0.9 in all 5 repetitions. Performance has zero variance, so tests "
        "on it are meaningless."
    ),
    Note(NoteCode.NO_EXCLUSIVE, (CO_LOCATED,)): (
        "mnist co-located with load: not compared with mnist without background load, for which there are no "
        "trials here."
    ),
    Note(NoteCode.OTHER_DEFAULTS, (CO_LOCATED,), names=("epochs", "seed")): (
        "mnist co-located with load: not compared with mnist without background load, where the original has other "
        "values (epochs, seed)."
    ),
}


@pytest.mark.parametrize(("reason", "sentence"), REASONS.items(), ids=str)
def test_a_reason_as_a_sentence(reason: Reason, sentence: str) -> None:
    assert reason_text(reason) == sentence


@pytest.mark.parametrize(("note", "sentence"), NOTES.items(), ids=str)
def test_a_note_as_a_sentence(note: Note, sentence: str) -> None:
    assert note_text(note) == sentence


def test_every_code_has_a_sentence_of_its_own() -> None:
    texts = [reason_text(Reason(code, count=1, of=2, bound=0.1, names=("a",))) for code in ReasonCode]
    assert len(set(texts)) == len(ReasonCode)
    notes = [note_text(Note(code, (CO_LOCATED,), 1, 0.5, ("a",))) for code in NoteCode]
    assert len(set(notes)) == len(NoteCode)


def test_a_sentence_that_rows_brought_along_stays_as_it_is() -> None:
    assert note_text("3 trainings failed.") == "3 trainings failed."


def test_a_scenario_is_named_by_subject_and_background_load() -> None:
    assert (scenario_text(EXCLUSIVE), scenario_text(CO_LOCATED)) == ("mnist", "mnist co-located with load")


def test_a_reason_has_the_labels_of_mutants() -> None:
    reason = Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=0, bound=0.01, names=("pe172",))
    assert "(epochs 172)" in reason_text(reason, {"pe172": "epochs 172"})
    assert "(pe172)" in reason_text(reason)
