"""The published study, done again: its design over the bundled subjects, and its tables beside the published ones.

"Can Adjusting Hyperparameters Lead to Green Deep Learning" (arXiv 2603.06195) mutates hyperparameters of training
programs, trains each mutant five times, and asks which hyperparameters correlate with energy (RQ1), whether changing
them saves energy without a loss of performance (RQ2), and what company on the same device changes (RQ3).
"""
