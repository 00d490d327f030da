"""Finds the hyperparameters of a training script by reading it: nothing of it is imported or run."""
