"""Measure what `--jobs` saves and costs: the same audit with exclusive and with concurrent trials, alternating.

    python benchmarks/parallel [SUBJECT] [--preset smoke] [--jobs 2 4] [--rounds 1] [--repetitions N]
    python benchmarks/parallel --quick

The verdicts are compared too. Each audit runs under `mutegreen measure`, which gives time and energy of the whole
audit: preflight, pauses and the harness included. With `--background OTHER`, an audit with a background load is the
third of the comparison. With `--quick` the subject takes milliseconds, to check that the benchmark works.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAIN = """
import argparse, time
p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=8)
p.add_argument("--seed", type=int, default=0)
args = p.parse_args()
for epoch in range(args.epochs):
    print(f"epoch {epoch} accuracy={0.9 + epoch / 1000 + args.seed % 7 / 10000}", flush=True)
    time.sleep(0.01)
"""

SUBJECT = """
name = "quick"
command = "{python} train.py"
seed = { flag = "--seed" }
performance = { pattern = 'accuracy=(.*)' }
hyperparameters = { epochs = { default = 8, flag = "--epochs" } }
presets = { smoke = { mutants = 2, repetitions = 2 } }
"""

METRICS = ("package_j", "gpu_j", "duration_s", "performance")
MUTEGREEN = [sys.executable, "-m", "mutegreen"]


@dataclass(frozen=True)
class AuditCost:
    """The total cost and the verdicts of one audit."""

    name: str
    wall_s: float
    energy_j: float
    quality: str
    rows: list[dict[str, Any]]
    verdicts: dict[tuple[str, str], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", nargs="?", default="siamese_resnet")
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--jobs", type=int, nargs="*", default=[2])
    parser.add_argument("--background")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--quick", action="store_true", help="a subject of milliseconds, to see that it works")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.quick:
            arguments.subject = quick_subject(Path(folder))
        report(compared(arguments, Path(folder)))


def quick_subject(folder: Path) -> str:
    """Create a subject that takes milliseconds; return its folder."""
    (subject := folder / "quick").mkdir()
    (subject / "train.py").write_text(TRAIN)
    (subject / "subject.toml").write_text(SUBJECT)
    return str(subject)


def compared(arguments: argparse.Namespace, folder: Path) -> dict[str, list[AuditCost]]:
    """Run the audits of each way, alternating."""
    ways = {"exclusive": [], **{f"--jobs {n}": ["--jobs", str(n)] for n in arguments.jobs}}
    if arguments.background:
        ways["--background"] = ["--background", arguments.background]
    common = [arguments.subject, "--preset", arguments.preset]
    common += ["--cooldown", "0"] if arguments.quick else []
    common += ["--repetitions", str(arguments.repetitions)] if arguments.repetitions else []
    audits_by_way: dict[str, list[AuditCost]] = {name: [] for name in ways}
    for number in range(arguments.rounds):
        for name, words in ways.items():
            store = folder / f"{number}-{len(audits_by_way[name])}-{name.replace(' ', '')}.sqlite"
            audits_by_way[name].append(audited(name, [*common, *words], store))
    return audits_by_way


def audited(name: str, words: list[str], store: Path) -> AuditCost:
    """Run one audit under the meters, and read its rows and verdicts."""
    run = [*MUTEGREEN, "run", *words, "--store", str(store)]
    measured = subprocess.run([*MUTEGREEN, "measure", "--json", "--", *run], stdout=subprocess.PIPE, text=True)
    whole = json.loads(measured.stdout.splitlines()[-1])
    domains = [d for d in whole["domains"] if d["domain"] != "psys" and d["energy_j"] is not None]
    rows = json.loads(output("export", "--format", "json", "--store", str(store)))
    verdict = json.loads(output("stats", "--json", "--store", str(store)))["verdict"]
    return AuditCost(
        name,
        whole["duration_s"],
        sum(d["energy_j"] for d in domains),
        ", ".join(sorted({d["quality"] for d in domains})),
        rows,
        {(row["mutant"], row["metric"]): row["verdict"] for row in verdict if row["metric"] in METRICS},
    )


def output(*words: str) -> str:
    return subprocess.run([*MUTEGREEN, *words], stdout=subprocess.PIPE, text=True, check=True).stdout


def report(audits_by_way: dict[str, list[AuditCost]]) -> None:
    base = audits_by_way["exclusive"]
    print(f"energy: {base[0].quality}; trials that ended ok: {[len(a.rows) for a in base]}")
    heading = ("way", "wall s", "ratio", "energy J", "ratio", "trial s", "trial J", "same verdicts")
    print("".join(f"{word:>14}" for word in heading))
    for name, audits in audits_by_way.items():
        wall_s, energy_j = mean(a.wall_s for a in audits), mean(a.energy_j for a in audits)
        ratios = [mean(x.wall_s / y.wall_s for x, y in zip(audits, base, strict=True))]
        ratios.append(mean(x.energy_j / y.energy_j for x, y in zip(audits, base, strict=True)))
        each_s = mean(row["duration_s"] for a in audits for row in a.rows)
        each_j = mean(energy_of(row) for a in audits for row in a.rows)
        cells = (f"{wall_s:.0f}", f"{ratios[0]:.3f}", f"{energy_j:.0f}", f"{ratios[1]:.3f}", f"{each_s:.2f}")
        print("".join(f"{cell:>14}" for cell in (name, *cells, f"{each_j:.1f}", same(audits, base))))
    for name, audits in audits_by_way.items():
        if audits is not base:
            differing(name, audits[0], base[0])


def energy_of(row: dict[str, Any]) -> float:
    return sum(row[metric] or 0.0 for metric in ("package_j", "dram_j", "gpu_j"))


def same(audits: list[AuditCost], base: list[AuditCost]) -> str:
    pairs = [(x.verdicts[k], y.verdicts[k]) for x, y in zip(audits, base, strict=True) for k in y.verdicts]
    return f"{sum(one == other for one, other in pairs)} of {len(pairs)}"


def differing(name: str, one: AuditCost, base: AuditCost) -> None:
    for (mutant, metric), verdict in base.verdicts.items():
        if one.verdicts[mutant, metric] != verdict:
            print(f"{name}: {mutant}, {metric}: {verdict} -> {one.verdicts[mutant, metric]}")


def mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)


if __name__ == "__main__":
    main()
