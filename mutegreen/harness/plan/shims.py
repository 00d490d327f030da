"""The compatibility layer: which shims the trainings of an audit get, and what each did in one training.

The shims themselves are in `probe/shims/`, and are put into the Python processes of a training by the probe.
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
        "to train on the CPU a program that asks for a GPU",
    ),
    (
        Compat.CHECKSUMS,
        re.compile(r"Dataset not found or corrupted|File not found or corrupted|urlopen error"),
        "to take data that are there, but have other checksums",
    ),
    (
        Compat.WEIGHTS,
        re.compile(r"LocalEntryNotFoundError|load_state_dict_from_url|load_pretrained"),
        "to start from random weights instead of downloaded ones",
    ),
)
"""By shim, what a training that lacks it says in the end, and what it would do."""


def named(names: Iterable[str]) -> tuple[Compat, ...]:
    """The shims of these names.

    Raises:
        UsageError: There is no such shim; the valid ones are named.
    """
    given = list(dict.fromkeys(names))
    for name in given:
        if name not in list(Compat):
            raise UsageError(f"there is no shim {name}", f"valid: {', '.join(Compat)}; docs/compatibility.md")
    return tuple(map(Compat, given))


def chosen(subject: Subject, preset: Preset, asked: Sequence[Compat] | None) -> tuple[Compat, ...]:
    """Those that a user asked for; else the preset's; else the subject's."""
    return tuple(next(given for given in (asked, preset.compat, subject.compat) if given is not None))


def takes_seed(subject: Subject, compat: Sequence[Compat]) -> bool:
    """Whether a seed reaches the subject's trainings: the shim's variable is read by nothing else."""
    return Compat.SEED in compat or subject.seed not in (None, EnvSite(SEED_VARIABLE))


def variables(compat: Sequence[Compat], seed: int | None) -> dict[str, str]:
    """Environment variables that the shims of a training read."""
    return {SEED_VARIABLE: str(seed)} if Compat.SEED in compat and seed is not None else {}


def advice(lines: Iterable[str], compat: Sequence[Compat]) -> str | None:
    """The shim that a failed training would have needed, by the last lines of its output; None: none known."""
    text = "\n".join(lines)
    found = [(name, purpose) for name, sign, purpose in _ADVICE if name not in compat and sign.search(text)]
    wishes = [f"{purpose}: --compat {','.join((*compat, name))}" for name, purpose in found]
    return "; ".join(wishes) or None


def judge(compat: Sequence[Compat], report: ProbeReport) -> tuple[ShimReport, ...]:
    """What each shim did in a training, from the probe's report."""
    return tuple(_judged(name, report) for name in compat)


def _judged(name: Compat, report: ProbeReport) -> ShimReport:
    told = [event for event in report.of("shim") if event["name"] == name]
    acted = any(event["acted"] for event in told)
    how = dict.fromkeys(event["how"] for event in told if event["acted"] == acted)
    unseen = "not needed" if report.of("start") else "no Python process of the training could be observed"
    return ShimReport(name, acted, "; ".join(how) or unseen)
