"""Prints recall and precision of `mutegreen scan` on the labelled corpus; README.md explains the counts.

python tests/corpus/score.py [--part dev|heldout|fresh] [--scripts FOLDER]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpus.judge import UNSURE, ScanJudgement, Tally, judge_part, tally, trap_note
from corpus.labels import PARTS, SEVEN, CorpusError, CorpusLabel, Labelled
from mutegreen.model import Kind
from mutegreen.scan.finding import Form

DEFAULT_FOLDER = Path(os.environ.get("MUTEGREEN_CORPUS") or Path(tempfile.gettempdir()) / "mutegreen-corpus")


def report(judgements: Sequence[ScanJudgement]) -> str:
    """Return all tables and lists as text."""
    parts = (_tables, _misses, _false_alarms, _other_faults)
    return "\n".join(line for part in parts for line in part(judgements))


def _tables(judgements: Sequence[ScanJudgement]) -> Iterable[str]:
    yield f"{'':34} labels recall false alarms precision"
    yield _row("seven first kinds", tally(judgements, SEVEN))
    yield _row("all kinds", tally(judgements))
    yield from _table("By kind", Kind, lambda kind: tally(judgements, [kind]))
    yield from _table("By form, seven first kinds", Form, lambda form: tally(judgements, SEVEN, form))
    yield from _table("By form, all kinds", Form, lambda form: tally(judgements, form=form))
    scripts = {j.script.name: [j] for j in judgements}
    yield from _table("By script, seven first kinds", scripts, lambda name: tally(scripts[name], SEVEN))
    yield from _table("By script, all kinds", scripts, lambda name: tally(scripts[name]))


def _table(title: str, rows: Iterable[str], count: Callable[[str], Tally]) -> Iterable[str]:
    yield f"\n{title}"
    tallies = {name: count(name) for name in rows}
    yield from (_row(name, one) for name, one in tallies.items() if one.labels or one.false_alarms)


def _row(name: str, count: Tally) -> str:
    return f"{name:34} {count.labels:6} {count.recall:6.3f} {count.false_alarms:12} {count.precision:9.3f}"


def _misses(judgements: Sequence[ScanJudgement]) -> Iterable[str]:
    misses = [(j.script, label, reason) for j in judgements for label, reason in j.misses]
    unsure = sum(reason == UNSURE for _, _, reason in misses)
    yield f"\nMisses: {len(misses)}, of them {unsure} listed as unsure"
    for script, label, reason in misses:
        yield f"  {_where(script, label.place)} {label.name} = {label.value!r} ({label.kind}, {label.form}): {reason}"


def _false_alarms(judgements: Sequence[ScanJudgement]) -> Iterable[str]:
    alarms = [(j.script, finding) for j in judgements for finding in j.false_alarms]
    yield f"\nFalse alarms: {len(alarms)}"
    for script, finding in alarms:
        where = _where(script, (finding["line"], finding["column"]))
        note = trap_note(finding, script)
        trap = f": a trap, {note}" if note is not None else ""
        yield f"  {where} {finding['name']} = {finding['value']!r} ({finding['kind']}, {finding['form']}){trap}"


def _other_faults(judgements: Sequence[ScanJudgement]) -> Iterable[str]:
    for key in ("value", "form", "flag"):
        wrong = [
            (j.script, label, f[key]) for j in judgements for label, f in j.hits if not is_same(label, key, f[key])
        ]
        yield f"\nHits with another {key}: {len(wrong)}"
        for script, label, found in wrong:
            yield f"  {_where(script, label.place)} {label.name}: {getattr(label, key)!r}, found {found!r}"
    yield from (f"\n{j.script.name}.py was not scanned: {j.error}" for j in judgements if j.error)


def is_same(label: CorpusLabel, key: str, found: Any) -> bool:
    """Return whether a finding has the label's `value`, `form` or `flag`: 1 is not True; no flag is "" or None."""
    labelled = getattr(label, key)
    if key == "flag":
        return bool((labelled or None) == found)
    return bool(labelled == found) and isinstance(labelled, bool) == isinstance(found, bool)


def _where(script: Labelled, place: tuple[int, int]) -> str:
    return f"{script.part}/{script.name}.py:{place[0]}:{place[1]}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Recall and precision of `mutegreen scan` on the labelled corpus.")
    parser.add_argument("--part", choices=PARTS, help="one part only (default: each separately)")
    parser.add_argument("--scripts", type=Path, default=DEFAULT_FOLDER, metavar="FOLDER", help="folder of the scripts")
    options = parser.parse_args()
    try:
        for part in [options.part] if options.part else PARTS:
            print(f"\n== {part}\n{report(judge_part(part, options.scripts))}")
    except CorpusError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
