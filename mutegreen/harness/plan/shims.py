"""Choose the compatibility shims of an audit, and report what each did in a training.

The shims themselves are in `probe/shims/`. The probe installs them in the Python processes of a training.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mutegreen.errors import UsageError
from mutegreen.harness.observe.evidence import ProbeReport
from mutegreen.model import SEED_VARIABLE, Compat, EnvSite, Preset, ShimReport, Subject

_ADVICE = (
    (
        Compat.CUDA,
        re.compile(r"Found no NVIDIA driver|not compiled with CUDA enabled|No CUDA GPUs are available"),
        "to train on the CPU although the program asks for a GPU",
    ),
    (
        Compat.CHECKSUMS,
        re.compile(r"Dataset not found or corrupted|File not found or corrupted|urlopen error"),
        "to use existing data with other checksums",
    ),
    (
        Compat.WEIGHTS,
        re.compile(r"LocalEntryNotFoundError|load_state_dict_from_url|load_pretrained"),
        "to start from random weights instead of downloaded ones",
    ),
)
"""For each shim: what a training that lacks it prints at its end, and the purpose of the shim."""


def parse_names(names: Iterable[str]) -> tuple[Compat, ...]:
    """Return the shims with these names.

    Raises:
        UsageError: There is no such shim; the message names the valid ones.
    """
    unique = list(dict.fromkeys(names))
    for name in unique:
        if name not in list(Compat):
            hint = f"valid: {', '.join(Compat)}; `mutegreen help compatibility` explains them"
            raise UsageError(f"shim {name} does not exist", hint)
    return tuple(map(Compat, unique))


def choose(subject: Subject, preset: Preset, requested: Sequence[Compat] | None) -> tuple[Compat, ...]:
    """Return the shims that the user requested; else the preset's; else the subject's."""
    return tuple(next(shims for shims in (requested, preset.compat, subject.compat) if shims is not None))


def takes_seed(subject: Subject, compat: Sequence[Compat]) -> bool:
    """Return whether the trainings take a seed: only the shim `seed` reads `SEED_VARIABLE`, without it nothing does."""
    return Compat.SEED in compat or subject.seed not in (None, EnvSite(SEED_VARIABLE))


def variables(compat: Sequence[Compat], seed: int | None) -> dict[str, str]:
    """Environment variables that the shims of a training read."""
    return {SEED_VARIABLE: str(seed)} if Compat.SEED in compat and seed is not None else {}


def advice(lines: Iterable[str], compat: Sequence[Compat]) -> str | None:
    """Return which shim a failed training needs, by the last lines of its output; None: not known."""
    text = "\n".join(lines)
    missing = [(name, purpose) for name, sign, purpose in _ADVICE if name not in compat and sign.search(text)]
    advice = [f"{purpose}: --compat {','.join((*compat, name))}" for name, purpose in missing]
    return "; ".join(advice) or None


def reports_of(compat: Sequence[Compat], report: ProbeReport) -> tuple[ShimReport, ...]:
    """Return what each shim did in a training, from the probe's report."""
    return tuple(_report(name, report) for name in compat)


def _report(name: Compat, report: ProbeReport) -> ShimReport:
    events = [event for event in report.of("shim") if event["name"] == name]
    acted = any(event["acted"] for event in events)
    how = dict.fromkeys(event["how"] for event in events if event["acted"] == acted)
    unseen = "not needed" if report.of("start") else "no Python process of the training could be observed"
    return ShimReport(name, acted, "; ".join(how) or unseen)
