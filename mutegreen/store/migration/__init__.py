"""Converts stores of older schemas to the current one: for writing in a new file, for reading in memory.

    old store ---> scratch copy ---> steps, in one transaction ---> check ---> os.replace ---> store
                       `---> <name>.v2.bak

Guarantees for a store of any older schema that is known:
    - No row of any table is lost: the numbers of rows are compared before the new file replaces the old one.
    - The old file is kept as a backup, which never overwrites another file.
    - Killed at any moment, the store is either the complete old one or the complete new one.
    - Commands that only read never write into the store's folder.

`steps` has the chain of conversions and says how to add one, `swap` converts a file, `memory_copy` a copy for reading.
"""
