"""Makes a store with the MuteGreen of an old commit: `python make.py CHECKOUT FILE`, see README.md."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

TRAIN = '''\
"""Logistic regression by gradient descent on eight points."""
import argparse, math, random, time

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--start", default="zero")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
rng = random.Random(args.seed)
points = [(x := rng.gauss(side, 1.0), side > 0) for side in (-1, 1) for _ in range(4)]
w = {"zero": 0.0, "naïve": 1.0}[args.start]
for epoch in range(args.epochs):
    w -= args.lr * sum((1 / (1 + math.exp(-w * x)) - y) * x for x, y in points) / len(points)
    time.sleep(0.02)
    print(f"epoch {epoch + 1} accuracy={sum((w * x > 0) == y for x, y in points) / len(points):.4f}", flush=True)
'''

SUBJECT = """\
name = "points"
command = "{python} train.py"
seed = { flag = "--seed" }

[performance]
pattern = 'accuracy=(\\S+)'
tolerance = 0.01

[hyperparameters.epochs]
default = 8
flag = "--epochs"

[hyperparameters.learning_rate]
default = 0.5
flag = "--lr"

[hyperparameters.start]
default = "zero"
kind = "other"
flag = "--start"
"""


def main() -> None:
    checkout, target = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MUTEGREEN")}
    environment |= {"PYTHONPATH": str(checkout), "PYTHONUTF8": "1"}
    for package in ("operators", "subjects"):  # sub-packages of mutegreen once installed
        if not (link := checkout / "mutegreen" / package).exists():
            link.symlink_to(checkout / package)
    with tempfile.TemporaryDirectory(prefix="mutegreen-store-") as name:
        folder = Path(name) / "points"
        folder.mkdir()
        (folder / "train.py").write_text(TRAIN)
        (folder / "subject.toml").write_text(SUBJECT)
        words = [sys.executable, "-m", "mutegreen", "run", "points", "--repetitions", "2", "--cooldown", "0"]
        words += ["--meter", "estimate", "--store", "store.sqlite"]
        values = ["--values", "epochs=4", "--values", "learning_rate=0.25", "--values", "start=naïve"]
        subprocess.run([*words, *values, "--seed", "3"], cwd=name, env=environment, check=True)
        identity = ["--operators", "epochs,identity", "--values", "epochs=4"]
        line = [*words, *identity]
        stopped = subprocess.Popen(line, cwd=name, env=environment, preexec_fn=hears_ctrl_c)  # noqa: PLW1509
        while ended(Path(name) / "store.sqlite") < 8 + 2:
            time.sleep(0.01)
        stopped.send_signal(signal.SIGINT)
        stopped.wait()
        anonymous(Path(name) / "store.sqlite")
        shutil.copy(Path(name) / "store.sqlite", target)


def hears_ctrl_c() -> None:
    """What a shell runs in the background ignores SIGINT, and its children too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def ended(store: Path) -> int:
    """Trials that have ended, of all audits."""
    with closing(sqlite3.connect(store)) as opened:
        return int(opened.execute("SELECT count(outcome) FROM trial").fetchone()[0])


def anonymous(store: Path) -> None:
    """Takes out the names of the machine and of its folders."""
    change = "json_set(environment, '$.interpreter', 'python', '$.host', 'host')"
    with closing(sqlite3.connect(store)) as opened, opened:
        opened.execute(f"UPDATE audit SET folder = '/subjects/points', environment = {change}")


if __name__ == "__main__":
    main()
