"""Draw figures for print: the `draw` of each kind returns drawings and needs no file and no display.

All are readable in grey and by the colour-blind: the colours of Okabe and Ito only repeat what markers, line styles and
words say. They are at most 7 inches wide, and no text is below 8 pt at that width.
"""
