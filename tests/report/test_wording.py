"""Every code of an analysis has its sentence, and a sentence has the numbers and names of its code."""

from __future__ import annotations

import pytest

from mutegreen.model import Seeding
from mutegreen.report.wording import note_text, reason_text, scenario_text
from mutegreen.stats.reason import Note, NoteCode, Reason, ReasonCode

ALONE, BESIDE = ("mnist", ""), ("mnist", "load")
REASONS = {
    Reason(ReasonCode.ORIGINAL_INFINITE): "a figure of the original is infinite",
    Reason(ReasonCode.MUTANT_NOT_MEASURED): "not measured for the mutant",
    Reason(ReasonCode.ORIGINAL_TRAINED_ONCE): "only one training of the original, two or more are needed",
    Reason(ReasonCode.NO_COMMON_BLOCK): "never trained in a block with the original",
    Reason(ReasonCode.CONFOUNDED): (
        "its company was another than the original's in every training, and cannot be told from what it does"
    ),
    Reason(ReasonCode.NO_VARIATION): "no training varies, so nothing says what chance does (is the seed varied?)",
    Reason(ReasonCode.NEITHER_VARIES): "neither the mutant nor the original varies, so p is 0 by definition",
    Reason(ReasonCode.ORIGINAL_MISSED_TARGET, count=2, of=5): "2 of 5 trainings of the original reached it",
    Reason(ReasonCode.MUTANT_MISSED_TARGET, count=0, of=5): "0 of 5 trainings of the mutant reached it",
    Reason(ReasonCode.TOO_FEW_TRAININGS, count=3): "fewer than 3 trainings measured",
    Reason(ReasonCode.NEARLY_EQUAL): "the figures are too nearly equal for Pearson's coefficient",
    Reason(ReasonCode.NO_NOISE_ESTIMATE): "two values, each trained once: nothing tells an effect from noise",
    Reason(ReasonCode.NEVER_CHANGED_ALONE, names=("epochs",)): (
        "no training changes epochs alone to a value that it has together with the other"
    ),
    Reason(ReasonCode.TOO_FEW_FOR_NOISE, count=4): "4 trainings are too few to tell the noise by; repeat them",
    Reason(ReasonCode.NO_SAVING_SEEN): "no mutant was shown to save energy, and none seems to",
    Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=0, bound=0.00987, names=("a", "b")): (
        "of the mutants shown to save energy (a, b) none was shown to keep performance within 0.00987 of the original's"
    ),
    Reason(ReasonCode.PERFORMANCE_NOT_KEPT, count=2, bound=0.01, names=("a",)): (
        "of the mutants shown to save energy (a and 2 more) none was shown to keep performance within 0.01 of the "
        "original's"
    ),
}
NOTES = {
    Note(NoteCode.SEVERAL_AUDITS, count=2): "The trainings of 2 audits are taken together.",
    Note(NoteCode.NEVER_MEASURED, names=("gpu_j",)): "gpu_j was not measured.",
    Note(NoteCode.NOT_MEASURED, (BESIDE,), names=("gpu_j",)): "mnist beside load: gpu_j was not measured.",
    Note(NoteCode.ONLY_ORIGINAL, (ALONE,)): "mnist: only the original was trained.",
    Note(NoteCode.NO_ORIGINAL, (BESIDE,)): (
        "mnist beside load: left out, because the original was not trained under these conditions."
    ),
    Note(NoteCode.NO_CORRELATION, (ALONE,), names=("optimizer",)): (
        "mnist: no correlation for optimizer, whose values are not all numbers."
    ),
    Note(NoteCode.ORDER_NOT_KNOWN, (ALONE, BESIDE)): (
        "mnist, mnist beside load: the rows do not say in which block each training ran, so that a change of the "
        "machine in the meantime may look like an effect of mutants."
    ),
    Note(NoteCode.ONE_SEED, (ALONE,)): (
        "mnist: all repetitions trained with one seed. What is said of performance holds for this seed; with another "
        "one it may be different."
    ),
    Note(NoteCode.ONE_SEED, (ALONE,), figure=0.912345): (
        "mnist: all repetitions trained with one seed, and the original performed the same each time (0.9123). Nothing "
        "says what chance does to it, so tests on performance mean nothing here: leave --same-seed away, and each "
        "repetition has its own."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (ALONE,), 5, 0.9, seeding=Seeding.OWN): (
        "mnist: the original performed the same (0.9) in all 5 repetitions, each with its own seed. Nothing says what "
        "chance does to it, so tests on performance mean nothing here."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (ALONE,), 5, 0.9, seeding=Seeding.NONE): (
        "mnist: the original performed the same (0.9) in all 5 repetitions, and the program takes no seed. Nothing "
        "says what chance does to it, so tests on performance mean nothing here."
    ),
    Note(NoteCode.ALWAYS_THE_SAME, (ALONE,), 5, 0.9): (
        "mnist: the original performed the same (0.9) in all 5 repetitions. Nothing says what chance does to it, so "
        "tests on performance mean nothing here."
    ),
    Note(NoteCode.NO_EXCLUSIVE, (BESIDE,)): (
        "mnist beside load: not compared with mnist alone, of which there are no trainings here."
    ),
    Note(NoteCode.OTHER_DEFAULTS, (BESIDE,), names=("epochs", "seed")): (
        "mnist beside load: not compared with mnist alone, whose epochs, seed differs."
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
    notes = [note_text(Note(code, (BESIDE,), 1, 0.5, ("a",))) for code in NoteCode]
    assert len(set(notes)) == len(NoteCode)


def test_a_sentence_that_rows_brought_along_stays_as_it_is() -> None:
    assert note_text("3 trainings failed.") == "3 trainings failed."


def test_a_scenario_is_named_by_subject_and_background_load() -> None:
    assert (scenario_text(ALONE), scenario_text(BESIDE)) == ("mnist", "mnist beside load")
