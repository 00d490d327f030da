"""Decide whether a value was applied in the program: a mutant whose value was not applied would look like a tie.

The evidence comes from a probe in every Python process of the trial (`probe/sitecustomize.py`). If the subject gives an
`evidence` pattern, the output decides, and nothing else.

    ==========  ===================================================================================
    site        applied if
    ==========  ===================================================================================
    flag        every parser that knows the flag has the value, and no such program started another
                program of the subject whose parser does not know it; without a known parser, the
                flag and the value are on the command line of the training
    source      the mutated file was opened, and a module constant still has the value at the end
    config      the mutated file was opened
    env         the variable had the value when the training started
    pattern     the last match of the `evidence` pattern in the output is the value
    ==========  ===================================================================================
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutegreen.model import ConfigSite, EnvSite, Evidence, FlagSite, Hyperparameter, Site, SourceSite, Value
from mutegreen.mutation.constant import constant
from mutegreen.mutation.site_values import same_value, spell

PROBE_FOLDER = Path(__file__).parent.parent / "probe"

_UNSEEN = "no Python process of the training could be observed (give the hyperparameter an evidence pattern)"


def probe_environment(
    hyperparameters: Sequence[Hyperparameter],
    workspace: Path,
    out: Path,
    environment: Mapping[str, str],
    shims: Sequence[str] = (),
) -> dict[str, str]:
    """Return the variables that install the probe in a trial's Python processes.

    Args:
        hyperparameters: What the probe watches.
        workspace: The trial's workspace.
        out: File to which the probe appends its events.
        environment: The trial's environment so far; its `PYTHONPATH` stays behind the probe's folder.
        shims: Shims that the probe installs.
    """
    sites = [h.site for h in hyperparameters]
    task = {
        "out": str(out),
        "flags": [flag for flag in map(watched_flag, hyperparameters) if flag],
        "files": sorted({str(workspace / s.file) for s in sites if isinstance(s, (SourceSite, ConfigSite))}),
        "constants": _constants(sites, workspace),
        "variables": [site.variable for site in sites if isinstance(site, EnvSite)],
        "shims": list(shims),
    }
    path = os.pathsep.join([str(PROBE_FOLDER), *filter(None, [environment.get("PYTHONPATH")])])
    return {"MUTEGREEN_PROBE": json.dumps(task), "PYTHONPATH": path}


def _constants(sites: Iterable[Site], workspace: Path) -> dict[str, list[str]]:
    """Return the names of the module constants among the sites, by file."""
    names: dict[str, list[str]] = {}
    for site in sites:
        if isinstance(site, SourceSite) and (known := constant(workspace, site)) is not None:
            names.setdefault(str(workspace / site.file), []).append(known.name)
    return names


def watched_flag(hyperparameter: Hyperparameter) -> str | None:
    """Return the flag under which the program's parser has the value; None: the evidence comes from elsewhere."""
    if hyperparameter.evidence is not None:
        return hyperparameter.evidence if hyperparameter.evidence.startswith("-") else None
    site = hyperparameter.site
    return site.flag.removesuffix("=") if isinstance(site, FlagSite) else None


def output_pattern(hyperparameter: Hyperparameter) -> str | None:
    """Return the regular expression that finds the value in the output; None: the evidence comes from elsewhere."""
    return None if watched_flag(hyperparameter) else hyperparameter.evidence


@dataclass(frozen=True)
class ProbeReport:
    """The events that the probe reported, in the order of time."""

    events: tuple[Mapping[str, Any], ...]
    workspace: Path

    @classmethod
    def read(cls, file: Path, workspace: Path) -> ProbeReport:
        """Read the probe's lines; an incomplete line of a killed process is ignored."""
        events = []
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
        return cls(tuple(events), workspace.resolve())

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.events if event["kind"] == kind]

    def in_workspace(self, event: Mapping[str, Any]) -> bool:
        """Return whether the program of an event is the subject's own, not a launcher or a helper of a library."""
        return Path(event["program"]).is_relative_to(self.workspace)


def evidence_of(hyperparameter: Hyperparameter, value: Value, report: ProbeReport, seen: Mapping[str, str]) -> Evidence:
    """Return the evidence for a value.

    Args:
        hyperparameter: The hyperparameter.
        value: The value that was requested.
        report: The probe's report.
        seen: The last match of each evidence pattern, by hyperparameter.
    """
    site = hyperparameter.site
    flag = watched_flag(hyperparameter)
    if flag is not None:
        applied, how = _by_flag(flag, value, report)
        return Evidence(hyperparameter.name, value, applied, how, applied and _own_default(flag, report))
    if hyperparameter.evidence is not None:
        applied, how = _by_output(value, seen.get(hyperparameter.name))
    elif isinstance(site, EnvSite):
        applied, how = _by_variable(site.variable, value, report)
    else:
        assert isinstance(site, (SourceSite, ConfigSite))
        applied, how = _by_file(report.workspace / site.file, report)
        if applied and isinstance(site, SourceSite):
            applied, how = _by_constant(site, value, hyperparameter.default, report) or (applied, how)
    return Evidence(hyperparameter.name, value, applied, how)


def _by_output(value: Value, printed: str | None) -> tuple[bool, str]:
    if printed is None:
        return False, "the evidence pattern matched no line of the output"
    return same_value(printed, value), f"the program printed {printed}"


def _by_flag(flag: str, value: Value, report: ProbeReport) -> tuple[bool, str]:
    if not flag.startswith("-"):  # `lr=0.1`: to a parser, an argument like any other
        return _by_arguments(flag, value, report)
    parsers = report.of("parser")
    parsers_with_flag = [event for event in parsers if flag in event["values"]]
    for event in parsers_with_flag:
        parsed = _unwrapped(event["values"][flag])
        if not same_value(parsed, value):
            return False, f"{_name(event)} got {flag} = {parsed} from its parser, not {value}"
    pids_with_flag = {event["pid"] for event in parsers_with_flag}
    parsers_without_flag = [
        event for event in parsers if report.in_workspace(event) and event["pid"] not in pids_with_flag
    ]
    if parsers_with_flag and not _dropped_by_wrapper(parsers_with_flag, parsers_without_flag):
        last = parsers_with_flag[-1]
        return True, f"{_name(last)} got {flag} = {value} from its parser ({last['parser']})"
    if parsers_without_flag:
        name = _name(parsers_without_flag[-1])
        return False, f"the parser of {name} does not know {flag}; evidence names a flag that it knows"
    return _by_arguments(flag, value, report)


def _own_default(flag: str, report: ProbeReport) -> bool:
    parsers_with_flag = [event for event in report.of("parser") if flag in event["values"]]
    return bool(parsers_with_flag) and not any(flag in event["given"] for event in parsers_with_flag)


def _dropped_by_wrapper(
    parsers_with_flag: Sequence[Mapping[str, Any]], parsers_without_flag: Sequence[Mapping[str, Any]]
) -> bool:
    """Return whether a program with the flag started another program of the subject without passing the flag on."""
    return any(event["ppid"] in {other["pid"] for other in parsers_with_flag} for event in parsers_without_flag)


def _by_arguments(flag: str, value: Value, report: ProbeReport) -> tuple[bool, str]:
    """Decide by the command line of the training, for programs without a known parser."""
    training = _training(report)
    if training is None:
        return False, _UNSEEN
    words = training["arguments"]
    joined = f"{flag}={spell(value)}"
    passed = joined in words or any(pair == (flag, spell(value)) for pair in itertools.pairwise(words))
    return passed, f"{joined} is {'' if passed else 'not '}on the command line of {_name(training)}"


def _by_variable(variable: str, value: Value, report: ProbeReport) -> tuple[bool, str]:
    training = _training(report)
    if training is None:
        return False, _UNSEEN
    actual = training["environment"].get(variable)
    if actual is None:
        return False, f"{variable} was not set in the training"
    return same_value(actual, value), f"{variable} was {actual} in the training"


def _training(report: ProbeReport) -> Mapping[str, Any] | None:
    """Return the start of the last program of the subject; workers that libraries start do not count."""
    starts = report.of("start")
    own_starts = [event for event in starts if report.in_workspace(event)] or starts
    return own_starts[-1] if own_starts else None


def _by_file(path: Path, report: ProbeReport) -> tuple[bool, str]:
    if any(Path(event["file"]) == path for event in report.of("opened")):
        return True, f"the mutated {path.name} was read by the training"
    if not report.of("start"):
        return False, _UNSEEN
    return False, f"the mutated {path.name} was never opened by the training"


def _by_constant(site: SourceSite, value: Value, default: Value, report: ProbeReport) -> tuple[bool, str] | None:
    """Decide by the value of a module constant at the end; None: that value decides nothing.

    A source that assigns the name again, as in `lr = lr * 0.9`, may have used the mutated value first.
    """
    known = constant(report.workspace, site)
    path = str(report.workspace / site.file)
    ends = [e for e in report.of("ended") if known and (e["file"], e["name"]) == (path, known.name)]
    if known is None or not ends:
        return None
    actual = ends[-1]["value"]
    if same_value(actual, value):
        return True, f"the mutated {site.file} was read, and {known.name} was {actual} at the end"
    if known.rebound and not same_value(actual, default):
        return None
    return False, f"{known.name} was {actual} at the end, not {value}: something in the program assigns it again"


def _unwrapped(actual: Any) -> Any:
    return actual[0] if isinstance(actual, list) and len(actual) == 1 else actual


def _name(event: Mapping[str, Any]) -> str:
    return Path(event["program"]).name or "the training"
