"""Figures for print: each kind has a module with `draw`, which gives drawings and touches no file and no display.

All are readable in grey and by the colour-blind: Okabe and Ito's colours only repeat what markers, line styles and
words say. They are at most 7 inches wide, and no text is below 8 pt at that width.
"""
