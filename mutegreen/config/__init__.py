"""Reads and checks `subject.toml`."""

from mutegreen.config.loading import FILE_NAME, TABLES, load
from mutegreen.config.tables import CONFIG_SUFFIXES, SubjectFile

__all__ = ["CONFIG_SUFFIXES", "FILE_NAME", "TABLES", "SubjectFile", "load"]
