"""Stores of older schemas are brought to today's: for writing in a new file, for reading in memory.

    old store ---> scratch copy ---> steps, in one transaction ---> checked ---> os.replace ---> store
                       `---> <name>.v2.bak

`steps` has the chain of conversions and says how to add one, `swap` converts a file, `reading` a copy in memory.
"""
