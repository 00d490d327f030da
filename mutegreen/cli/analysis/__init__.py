"""Rows of audits or files, analysed and written: what `stats` and `plot` share."""
