"""Verdicts: comparisons of mutants with the original, correlations, and win-tie-loss counts."""
