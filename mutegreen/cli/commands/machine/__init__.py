"""Commands that measure, or show the meters of this machine."""
