"""Interactions: two hyperparameters changed at once, against each changed alone."""
