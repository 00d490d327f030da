"""Keep the machine in a defined state: device locks, cool-downs, no ended processes on a GPU."""
