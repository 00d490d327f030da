"""Finds the hyperparameters of a training script in its source; the script is neither imported nor run."""
