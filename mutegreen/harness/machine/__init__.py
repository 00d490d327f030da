"""The state of the machine between trials: locks of devices, temperature, processes left on a GPU."""
