"""The subjects that come with MuteGreen: one folder each, templates that are copied before they are run."""
