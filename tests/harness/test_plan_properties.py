"""The order of trials is one of randomised complete blocks, whatever the sizes and the seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mutegreen.harness.plan.plan import order
from mutegreen.model import Change, Mutant

sizes = {"count": st.integers(1, 12), "repetitions": st.integers(1, 8), "seed": st.integers(0, 2**32)}


def mutants(count: int) -> list[Mutant]:
    return [Mutant("original"), *(Mutant.of(Change("epochs", n, 0, "epochs")) for n in range(1, count))]


@given(**sizes, seeded=st.booleans(), same_seed=st.booleans())
def test_each_block_is_a_permutation_of_the_mutants(
    count: int, repetitions: int, seed: int, seeded: bool, same_seed: bool
) -> None:
    plan = order(mutants(count), repetitions, seed, seeded, same_seed)
    assert [trial.number for trial in plan] == list(range(1, count * repetitions + 1))
    ids = sorted(mutant.id for mutant in mutants(count))
    for block in range(repetitions):
        own = plan[block * count : (block + 1) * count]
        assert sorted(trial.mutant for trial in own) == ids
        assert [(t.block, t.repetition, t.position) for t in own] == [(block, block, at) for at in range(count)]
        assert len({trial.seed for trial in own}) == 1
    seeds = {trial.seed for trial in plan}
    assert len(seeds) <= (1 if same_seed or not seeded else repetitions)
    assert (None in seeds) == (not seeded)
    assert all(1 <= drawn < 2**31 for drawn in seeds if drawn is not None)


@given(**sizes)
def test_more_repetitions_only_add_blocks(count: int, repetitions: int, seed: int) -> None:
    more = order(mutants(count), repetitions + 1, seed, True)
    assert more[: count * repetitions] == order(mutants(count), repetitions, seed, True)


@given(**sizes)
def test_seeds_of_trainings_do_not_depend_on_the_mutants(count: int, repetitions: int, seed: int) -> None:
    """What is audited later with more mutants has the same repetitions."""
    one, other = (order(mutants(n), repetitions, seed, True) for n in (count, count + 1))
    assert {(t.block, t.seed) for t in one} == {(t.block, t.seed) for t in other}
