"""CPU packages and their memory, read from the RAPL counters in the powercap class of Linux."""
