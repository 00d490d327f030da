"""Paths of the checkout and its parts."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = ROOT / "subjects"
DATA = ROOT / "tests" / "data"
MEASUREMENTS = DATA / "measurements.csv"
