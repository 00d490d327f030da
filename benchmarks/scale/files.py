"""Write simulated audits of any size as CSV files: five hyperparameters, all five metrics, a machine that drifts.

Run as `python files.py FILE MUTANTS REPETITIONS [--bare]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from mutegreen.model import DOMAIN_OF_METRIC, METRICS, ORIGINAL, ROW_COLUMNS
from mutegreen.store.export_rows import COLUMNS, NET_COLUMNS, QUALITY_COLUMNS

LEVEL = dict(zip(METRICS, (5066.0, 570.0, 15760.0, 183.7, 0.9915), strict=True))
"""Means of the published trainings of mnist alone; their coefficients of variation are about `NOISE`."""
NOISE = 0.007
DRIFT = 0.03
DEFAULTS = {"epochs": 20.0, "learning_rate": 0.1, "batch_size": 64.0, "momentum": 0.9, "weight_decay": 1e-4}
EXPONENTS = {"epochs": 0.8, "batch_size": -0.1}
"""Energy and time follow a power law of these; the others change nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("mutants", type=int)
    parser.add_argument("repetitions", type=int)
    parser.add_argument("--bare", action="store_true", help="the contract's columns alone: no blocks, no qualities")
    arguments = parser.parse_args()
    rows = audit(arguments.mutants, arguments.repetitions)
    # Columns that these audits do not fill are present and empty, as in an export: those of co-location.
    rows.reindex(columns=list(ROW_COLUMNS if arguments.bare else COLUMNS)).to_csv(arguments.file, index=False)


def audit(mutants: int, repetitions: int, seed: int = 0) -> pd.DataFrame:
    """Return the rows of an export of an exclusive audit, in the order of training.

    Each repetition is a block in its own random order.
    """
    generator = np.random.default_rng(seed)
    order = generator.permuted(np.tile(np.arange(mutants + 1), (repetitions, 1)), axis=1).ravel()
    rows = arms(mutants).iloc[order].reset_index(drop=True)
    place = np.arange(len(rows))
    power = rows.pop("power").to_numpy()
    shared = DRIFT * place / len(rows) + NOISE * generator.standard_normal(len(rows))
    for metric, level in LEVEL.items():
        noise = NOISE / 4 * generator.standard_normal(len(rows))
        rows[metric] = level * np.exp(noise if metric == "performance" else np.log(power) + shared + noise)
    block = place // (mutants + 1)
    return rows.assign(
        subject="mnist",
        background="",
        repetition=block,
        outcome="ok",
        block=block,
        position=place,
        seed=block,
        **dict.fromkeys(QUALITY_COLUMNS.values(), "counter"),
        **{net: 0.8 * rows[metric] for metric, net in NET_COLUMNS.items() if metric in DOMAIN_OF_METRIC},
        goal="maximize",
        flags=np.where(generator.random(len(rows)) < 0.01, "other_load", ""),
        cpu_s=rows["duration_s"],
        peak_rss_bytes=2**30,
        audit="one",
        trial=place + 1,
    )


def arms(mutants: int) -> pd.DataFrame:
    """Return the original, then mutants of all hyperparameters in turn, from half of the default to almost twice."""
    names = np.array(list(DEFAULTS))[np.arange(mutants) % len(DEFAULTS)]
    default = np.array([DEFAULTS[name] for name in names])
    ratio = 2 ** np.linspace(-1, 0.999, mutants)
    value = default * ratio
    mutant_rows = pd.DataFrame(
        {
            "mutant": [f"{name}={number:.8g}" for name, number in zip(names, value, strict=True)],
            "hyperparameter": names,
            "value": value,
            "default": default,
            "changes": [f'{{"{name}": {number!r}}}' for name, number in zip(names, value.tolist(), strict=True)],
            "power": ratio ** np.array([EXPONENTS.get(name, 0.0) for name in names]),
        }
    )
    original = pd.DataFrame({"mutant": [ORIGINAL], "power": [1.0]})
    return pd.concat([original, mutant_rows], ignore_index=True)


if __name__ == "__main__":
    main()
