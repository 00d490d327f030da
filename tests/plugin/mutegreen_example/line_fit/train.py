"""Fits a line to noisy points: a training that takes no time and needs no library."""

import argparse
import math
import random

STEPS = {
    "sgd": lambda slope, last: slope,
    "momentum": lambda slope, last: slope + 0.9 * last,
    "sign": lambda slope, last: math.copysign(1, slope),
}

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--optimizer", choices=STEPS, default="sgd")
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()

noise = random.Random(options.seed)
points = [(x / 10, 2 * x / 10 + 1 + noise.gauss(0, 0.1)) for x in range(-10, 11)]
line, steps = [0.0, 0.0], [0.0, 0.0]
for epoch in range(1, options.epochs + 1):
    errors = [(line[0] * x + line[1] - y, x) for x, y in points]
    slopes = [sum(e * x for e, x in errors) / len(points), sum(e for e, _ in errors) / len(points)]
    steps = [STEPS[options.optimizer](slope, last) for slope, last in zip(slopes, steps, strict=True)]
    line = [weight - options.lr * step for weight, step in zip(line, steps, strict=True)]
    print(f"epoch {epoch} loss {sum(e * e for e, _ in errors) / len(points):.6f}")
