"""Run trials exclusively, concurrently or with background loads, and measure the energy of each."""
