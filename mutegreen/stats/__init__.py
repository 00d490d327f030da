"""Statistics: pure functions from the rows of trials to verdicts, trends, interactions, advice and diagnostics.

Rows are a frame with the columns of `mutegreen.model.ROW_COLUMNS`, from any source. Labels are text, empty where there
is none; metrics are floats, NaN where not measured; `value` and `default` hold floats, text or None. The columns
`quality_<energy metric>`, `audit`, `block`, `position`, `flags`, `data` (a label of `mutegreen.model.Data`), `changes`
(a JSON object of the values that a mutant changes), `seed`, `companions`, `by_use`, `net_<energy metric>`,
`background_slowdown` and `background_restarts` are optional. docs/rows.md describes them.
"""
