"""The forms in which hyperparameters are written; each file finds one of them."""
