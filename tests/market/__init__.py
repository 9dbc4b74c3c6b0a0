"""Tests of the market data: what files may say, who is believed for how long, what holds now."""
