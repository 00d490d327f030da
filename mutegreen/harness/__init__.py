"""Trains the original and the mutants, in order, under meters; knows nothing of statistics."""
