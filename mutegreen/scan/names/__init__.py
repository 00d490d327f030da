"""The words of names, and the kind of hyperparameter that a name means."""
