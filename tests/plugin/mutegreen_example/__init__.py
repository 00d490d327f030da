"""A plug-in for MuteGreen: an operator and a subject."""
