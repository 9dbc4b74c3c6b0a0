"""The performance table: `python -m tests.bench`. Ratios of one run where a peer or a floor exists."""
