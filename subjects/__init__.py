"""The bundled subjects, one folder each; `mutegreen subjects` lists them, and an audit runs copies of them.

The scripts repeat code on purpose: each folder must work when it is copied without the others.
"""
