"""Interactions: whether two hyperparameters changed together do more, or less, than their single effects."""
