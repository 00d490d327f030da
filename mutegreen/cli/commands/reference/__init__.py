"""Commands that explain MuteGreen: its documentation, its operators, its subjects."""
