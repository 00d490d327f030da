"""The forms in which hyperparameters are written; each module finds the mentions of one form."""
