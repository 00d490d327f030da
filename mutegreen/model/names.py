"""What things are called, in rows, options and tables."""

from __future__ import annotations

Value = bool | int | float | str
"""A hyperparameter's value. It travels with every mutant, trial and row, never by position or file name."""

ENERGY_METRICS = ("package_j", "dram_j", "gpu_j")
METRICS = (*ENERGY_METRICS, "duration_s", "performance")

TOTAL = "total_j"
"""The sum of the energy metrics measured, where there are several: a result of statistics, in no row."""

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
"""The columns that every file of rows has, in this order; further ones may follow."""

ORIGINAL = "original"
"""The mutant column of the rows of the unchanged program."""

IDENTITY = "identity"
"""The operator, and the hyperparameter column, of the mutant that changes nothing: the A/A control."""

JOINT = ","
"""Joins the names and the values of a mutant that changes several hyperparameters at once; in no name of one."""

DOMAIN_OF_METRIC = {"package_j": "cpu", "dram_j": "dram", "gpu_j": "gpu"}
"""The class of domains (the part before the colon) that each energy metric sums."""

SEED_VARIABLE = "MUTEGREEN_SEED"
"""Where the shim `seed` finds the seed of a training."""

FIRST_EPOCH = "first epoch"
"""The phase of the first epoch; it also holds what comes before: imports, data, compilation."""

EPOCH = "epoch"
"""The phase of every later epoch."""
