"""The options of a program, and the hyperparameters among them."""
