"""Text about the seeds of an audit."""

from __future__ import annotations

from mutegreen.model import Seeding


def seeding_text(seeding: Seeding, first: int | None) -> str:
    """Return one sentence about the seeds.

    Args:
        seeding: How the seeds of the trials are chosen.
        first: The seed of the first repetition; None: the program takes no seed.
    """
    match seeding:
        case Seeding.OWN:
            return "seeds: each repetition has its own seed, the same for all mutants"
        case Seeding.SAME:
            return f"seeds: all trials have the seed {first}; repetitions show only what the seed does not fix"
        case Seeding.NONE:
            return "no seeds: the program takes no seed, and every trial varies at random"
