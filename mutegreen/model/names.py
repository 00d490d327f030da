"""Name metrics, columns and special mutants, once for rows, options and tables."""

from __future__ import annotations

Value = bool | int | float | str
"""The value of a hyperparameter. Every mutant, trial and row contains it; nothing derives it from a position or a
file name."""

ENERGY_METRICS = ("package_j", "dram_j", "gpu_j")
METRICS = (*ENERGY_METRICS, "duration_s", "performance")

TOTAL = "total_j"
"""The sum of the measured energy metrics, if there are several. The statistics compute it; rows do not contain it."""

ROW_COLUMNS = (
    "subject",
    "background",
    "mutant",
    "hyperparameter",
    "value",
    "default",
    "repetition",
    *METRICS,
)
"""The columns of every file of rows, in this order; other columns may follow."""

ORIGINAL = "original"
"""Id of the original in the column `mutant`."""

IDENTITY = "identity"
"""Operator and hyperparameter of the mutant that changes nothing, the A/A control."""

JOINT = ","
"""Separates the names, and the values, of a mutant with several changes; no name contains it."""

DOMAIN_OF_METRIC = {"package_j": "cpu", "dram_j": "dram", "gpu_j": "gpu"}
"""The class of domains (the part before the colon) that each energy metric sums."""

SEED_VARIABLE = "MUTEGREEN_SEED"
"""Environment variable from which the shim `seed` reads the seed of a training."""

FIRST_EPOCH = "first epoch"
"""Name of the phase of the first epoch, which includes what comes before: imports, data, compilation."""

EPOCH = "epoch"
"""Name of the phase of every later epoch."""
