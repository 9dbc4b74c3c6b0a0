"""Watches over the Snapshots: what stands still, what the grid does, how fast cells heat. No clock, no I/O."""
