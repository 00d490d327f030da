"""Trends: how a metric follows the value of a hyperparameter."""
