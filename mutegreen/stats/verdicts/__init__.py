"""Verdicts and correlations: each mutant and each hyperparameter against the original."""
