"""The operators that come with MuteGreen: one file each, found by the catalog, each with its own examples."""
