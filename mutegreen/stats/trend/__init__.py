"""Trends: regression of a metric on the value of a hyperparameter."""
