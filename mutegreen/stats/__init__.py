"""Statistics: pure functions on the rows of trainings, knowing nothing of where the rows come from.

The rows are a frame with the columns of `mutegreen.model.ROW_COLUMNS`: labels are text, empty where there is none;
metrics are floats, NaN where not measured; `value` and `default` hold floats, text or None. Columns
`quality_<energy metric>`, `audit`, `block`, `position`, `flags`, `data` (a label of `mutegreen.model.Data`) and
`changes` (a JSON object of the values that a mutant changes) are used where they are there.
"""
