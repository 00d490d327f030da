"""What an audit says of its seeds: what is fixed, and what varies from one repetition to the next."""

from __future__ import annotations

from mutegreen.model import Seeding


def seeding_text(seeding: Seeding, first: int | None) -> str:
    """One sentence.

    Args:
        seeding: What decides the chance in the trainings.
        first: The seed of the first repetition; None: there is none.
    """
    match seeding:
        case Seeding.OWN:
            return "seeds: each repetition has its own, which all mutants share"
        case Seeding.SAME:
            return f"seeds: all trainings have the same, {first}; repetitions show only what a seed does not decide"
        case Seeding.NONE:
            return "not seeded: the program takes no seed, so every training varies by chance"
