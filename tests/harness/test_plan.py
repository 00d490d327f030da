import dataclasses
from collections import Counter
from pathlib import Path

import pytest

from mutegreen import config
from mutegreen.errors import UsageError
from mutegreen.harness.plan import plan
from mutegreen.model import PlanOptions, Preset, Subject


@pytest.fixture
def loaded(subject: Path) -> Subject:
    return config.load(subject)


def test_every_block_holds_each_mutant_once_in_an_order_of_its_own(loaded: Subject) -> None:
    made = plan.make(loaded, PlanOptions(mutants=4, repetitions=100))
    ids = [m.id for m in made.mutants]
    blocks = [[t for t in made.trials if t.block == b] for b in range(100)]
    orders = [tuple(t.mutant for t in block) for block in blocks]
    assert all(Counter(order) == Counter(ids) for order in orders)
    assert len(set(orders)) > 90
    assert [t.number for t in made.trials] == list(range(1, len(made.trials) + 1))
    assert all(len({t.seed for t in block}) == 1 for block in blocks)
    assert len({block[0].seed for block in blocks}) == 100
    firsts = Counter(order[0] for order in orders)
    assert len(firsts) == len(ids), "no mutant always comes late"


def test_the_seed_decides_everything(loaded: Subject) -> None:
    assert plan.make(loaded, PlanOptions(seed=7)) == plan.make(loaded, PlanOptions(seed=7))
    assert plan.make(loaded, PlanOptions(seed=7)).mutants != plan.make(loaded, PlanOptions(seed=8)).mutants


def test_a_mutant_changes_one_hyperparameter_and_carries_its_value(loaded: Subject) -> None:
    for mutant in plan.make(loaded, PlanOptions()).mutants[1:]:
        assert mutant.id == f"{mutant.hyperparameter}={mutant.value}"
        assert mutant.value != mutant.default


def test_values_of_the_user_replace_those_of_the_operator(loaded: Subject) -> None:
    made = plan.make(loaded, PlanOptions(operators=("epochs",), values={"learning_rate": ("0.1", "2", "0.10")}))
    rates = [m for m in made.mutants if m.hyperparameter == "learning_rate"]
    assert [(m.value, m.operator) for m in rates] == [(0.1, "given"), (2.0, "given")]
    assert {m.hyperparameter for m in made.mutants[1:]} == {"epochs", "learning_rate"}


def test_a_small_range_is_reported(loaded: Subject) -> None:
    made = plan.make(loaded, PlanOptions(mutants=5))
    assert "epochs: 4 mutants instead of 5: epochs finds no more from 8" in made.notes


def test_identity_is_one_mutant_of_the_whole_subject(loaded: Subject) -> None:
    made = plan.make(loaded, PlanOptions(operators=("identity", "epochs"), mutants=2))
    assert [m.id for m in made.mutants][:2] == ["original", "identity"]
    assert len(made.mutants) == 4


def test_a_preset_gives_defaults_and_sizes_and_options_come_first(loaded: Subject) -> None:
    preset = Preset("p", defaults={"epochs": 40}, mutants=1, repetitions=2, operators=("epochs",))
    subject = dataclasses.replace(loaded, presets={"p": preset})
    made = plan.make(subject, PlanOptions(preset="p"))
    assert (len(made.mutants), len(made.trials)) == (2, 4)
    assert made.mutants[1].default == 40
    assert 30 <= int(str(made.mutants[1].value)) <= 50
    assert len(plan.make(subject, PlanOptions(preset="p", mutants=3, repetitions=1)).trials) == 4


def test_a_subject_without_seed_has_trials_without_seed(loaded: Subject) -> None:
    made = plan.make(dataclasses.replace(loaded, seed=None), PlanOptions())
    assert {t.seed for t in made.trials} == {None}


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (PlanOptions(preset="smok"), "no preset smok", "none"),
        (
            PlanOptions(operators=("momentum",)),
            "no hyperparameter for operator momentum",
            "epochs, learning_rate, identity",
        ),
        (PlanOptions(operators=("epoch",)), "epoch", "epochs"),
        (PlanOptions(values={"lr": ("1",)}), "no hyperparameter lr", "epochs, learning_rate"),
        (PlanOptions(values={"learning_rate": ("fast",)}), "must be a number", None),
        (PlanOptions(values={"learning_rate": ("0.5",)}), "this is the default value", None),
        (PlanOptions(values={"learning_rate": ()}), "no value is given", None),
    ],
)
def test_wrong_options_name_the_right_ones(
    loaded: Subject, options: PlanOptions, message: str, hint: str | None
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan.make(loaded, options)
    assert hint is None or hint in str(caught.value.hint)


def test_a_count_has_no_fraction_and_a_rate_may_have_one(loaded: Subject) -> None:
    with pytest.raises(UsageError, match="must be a whole number"):
        plan.make(loaded, PlanOptions(values={"epochs": ("1.5",)}))
    whole = dataclasses.replace(loaded.hyperparameters[1], default=1)
    subject = dataclasses.replace(loaded, hyperparameters=(loaded.hyperparameters[0], whole))
    made = plan.make(subject, PlanOptions(operators=("identity",), values={"learning_rate": ("0.5",)}))
    assert made.mutants[-1].value == 0.5
