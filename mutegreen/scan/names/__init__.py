"""Names: their words, and what kind of hyperparameter they stand for."""
