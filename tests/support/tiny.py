"""Write a tiny subject that really trains, and build the command line and environment of MuteGreen."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

LOCKS = os.path.join(tempfile.gettempdir(), f"mutegreen-test-locks-{os.getpid()}")
"""A separate folder of locks: tests do not wait for other audits on this machine."""

TRAIN = '''\
"""Logistic regression by gradient descent on eight points."""
import argparse, math, random, time

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--pause", type=float, default=0.0)
args = parser.parse_args()
rng = random.Random(args.seed)
points = [(x := rng.gauss(side, 1.0), side > 0) for side in (-1, 1) for _ in range(4)]
w = 0.0
for epoch in range(args.epochs):
    loss = sum(math.log1p(math.exp(-w * x if y else w * x)) for x, y in points) / len(points)
    w -= args.lr * sum((1 / (1 + math.exp(-w * x)) - y) * x for x, y in points) / len(points)
    time.sleep(args.pause)
    print(f"epoch {epoch + 1} loss: {loss:.4f} accuracy={sum((w * x > 0) == y for x, y in points) / len(points):.4f}")
'''

SUBJECT = """\
name = "points"
command = "{python} train.py"
seed = { flag = "--seed" }

[performance]
pattern = 'accuracy=(\\S+)'

[hyperparameters.epochs]
default = 8
flag = "--epochs"

[hyperparameters.learning_rate]
default = 0.5
flag = "--lr"
"""


def write_subject(folder: Path, train: str = TRAIN, toml: str = SUBJECT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.py").write_text(train)
    (folder / "subject.toml").write_text(toml)
    return folder


def command(*words: object) -> list[str]:
    """Return the words that start MuteGreen in this environment."""
    return [sys.executable, "-m", "mutegreen", *map(str, words)]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a command: only the given variables of MuteGreen, and idle power measured in 0.1 s."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MUTEGREEN")}
    return {**clean, "COLUMNS": "100", "MUTEGREEN_LOCKS": LOCKS, "MUTEGREEN_IDLE": "0.1", **variables}


def hears_ctrl_c() -> None:
    """Handle SIGINT (a `preexec_fn`): programs in the background of a shell ignore it, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
