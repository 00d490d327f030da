"""Replicate the published study: run its design on the bundled subjects, and compare the results with its own.

"Can Adjusting Hyperparameters Lead to Green Deep Learning" (arXiv 2603.06195) mutates hyperparameters of training
programs, trains each mutant five times, and asks which hyperparameters correlate with energy (RQ1), whether changing
them saves energy without a loss of performance (RQ2), and what
co-location on the same device changes (RQ3).
"""
