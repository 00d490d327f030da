"""What shims did, in words."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.model import ShimReport, TrialResult


def shim_in_trial(shim: ShimReport) -> str:
    """What a shim did in one training."""
    return f"shim {shim.name} {'acted' if shim.acted else 'did not act'}: {shim.how}"


def shim_in_audit(name: str, results: Sequence[TrialResult]) -> str:
    """In how many trainings that have ended a shim acted."""
    acted = sum(shim.acted for result in results for shim in result.shims if shim.name == name)
    return f"shim {name}: acted in {acted} of {len(results)} trainings"
