"""What is counted while the cycles run: energy, starts, hours at each limit. No clock, no I/O."""
