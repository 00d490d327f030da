"""Texts about shims: what they did in a trial and in an audit."""

from __future__ import annotations

from collections.abc import Sequence

from mutegreen.model import ShimReport, TrialResult


def shim_in_trial(shim: ShimReport) -> str:
    """Return what a shim did in one trial."""
    return f"shim {shim.name} {'acted' if shim.acted else 'did not act'}: {shim.how}"


def shim_in_audit(name: str, results: Sequence[TrialResult]) -> str:
    """Return in how many of the trials that have ended a shim acted."""
    acted = sum(shim.acted for result in results for shim in result.shims if shim.name == name)
    return f"shim {name}: acted in {acted} of {len(results)} trials"
