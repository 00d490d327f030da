"""Measure what the harness costs for each trial, compared with a shell loop over the same commands in the same run.

    python benchmarks/harness_overhead.py [--trials 20] [--rounds 5] [--quick]

The two alternate. The training is a Python process of about 0.2 s that computes and prints. The whole difference is
therefore the harness: workspace, probe, meters, output with time stamps, classification, durable store.
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from mutegreen import config
from mutegreen.harness import audit, events, opening
from mutegreen.harness.plan import plan
from mutegreen.harness.plan.launch import launch
from mutegreen.meters.recorder import Recorder
from mutegreen.meters.selection import select_meters
from mutegreen.model import Limits, PlanOptions
from mutegreen.store.store import Store

TRAIN = """
import argparse, time
p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=8)
p.add_argument("--seed", type=int, default=0)
args = p.parse_args()
end = time.monotonic() + 0.2
for epoch in range(args.epochs):
    print(f"epoch {epoch} loss: 0.5 accuracy=0.9", flush=True)
while time.monotonic() < end:
    sum(range(1000))
"""

SUBJECT = """
name = "overhead"
command = "{python} train.py"
seed = { flag = "--seed" }
performance = { pattern = 'accuracy=(.*)' }
hyperparameters = { epochs = { default = 8, flag = "--epochs" } }
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes, to see that it works")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.trials, arguments.rounds = 2, 1
    loops, audits = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "overhead"
        folder.mkdir()
        (folder / "train.py").write_text(TRAIN)
        (folder / "subject.toml").write_text(SUBJECT)
        options = PlanOptions(mutants=1, repetitions=arguments.trials // 2)
        for number in range(arguments.rounds):
            loops.append(shell_loop_s(folder, options) / arguments.trials)
            audits.append(audit_s(folder, options, Path(name) / f"{number}.sqlite") / arguments.trials)
    report(loops, audits, arguments.trials)


def shell_loop_s(folder: Path, options: PlanOptions) -> float:
    """Wall time of the same commands, one after the other, in one shell."""
    audit_plan = plan.make(config.load(folder), options)
    commands = [shlex.join(launch(audit_plan, audit_plan.mutant(t.mutant), t.seed).words) for t in audit_plan.trials]
    script = "\n".join(f"{command} > log.txt 2>&1" for command in commands)
    began = time.monotonic()
    subprocess.run(["sh", "-c", script], cwd=folder, check=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    elapsed = time.monotonic() - began
    (folder / "log.txt").unlink()
    return elapsed


def audit_s(folder: Path, options: PlanOptions, path: Path) -> float:
    """Wall time of an audit from its first trial to its last, as `mutegreen run --cooldown 0` runs it."""
    times: list[float] = []

    def hear(event: events.Event) -> None:
        if isinstance(event, (events.TrialStarted, events.TrialEnded)):
            times.append(time.monotonic())

    chosen = select_meters()
    with Recorder(chosen.meters, chosen.unavailable) as recorder, Store.create(path) as store:
        audit_id = opening.create(store, config.load(folder), options, Limits(cooldown_s=0))
        audit.Audit(store, audit_id, recorder, {}, chosen.unavailable, hear).run()
        assert store.outcomes(audit_id) == {"ok": 2 * (options.repetitions or 0)}
    return times[-1] - times[0]


def report(loops_s: list[float], audits_s: list[float], trials: int) -> None:
    """Print the times for each trial: the median over the rounds, with the smallest and the largest."""
    extra_ms = [1000 * (a - b) for a, b in zip(audits_s, loops_s, strict=True)]
    ratios = [a / b for a, b in zip(audits_s, loops_s, strict=True)]
    print(f"{len(loops_s)} rounds of {trials} trials, median (smallest .. largest)")
    for label, values, unit in (
        ("shell loop, a trial", [1000 * s for s in loops_s], "ms"),
        ("mutegreen, a trial ", [1000 * s for s in audits_s], "ms"),
        ("harness, a trial   ", extra_ms, "ms"),
        ("ratio              ", ratios, ""),
    ):
        print(f"{label}  {statistics.median(values):8.3f} ({min(values):.3f} .. {max(values):.3f}) {unit}")


if __name__ == "__main__":
    main()
