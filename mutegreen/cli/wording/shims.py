"""What stand-ins did, in words."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.model import StandIn, TrialResult


def shim_in_trial(standin: StandIn) -> str:
    """What a stand-in did in one training."""
    return f"stand-in {standin.name} {'acted' if standin.acted else 'did not act'}: {standin.how}"


def shim_in_audit(name: str, results: Sequence[TrialResult]) -> str:
    """In how many trainings that have ended a stand-in acted."""
    acted = sum(standin.acted for result in results for standin in result.standins if standin.name == name)
    return f"stand-in {name}: acted in {acted} of {len(results)} trainings"
