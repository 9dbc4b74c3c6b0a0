"""Prices, imbalance, plan and orders from outside: read from where they are, picked for what holds now.

A source is one class with `name` and `look`; `feed.py` asks them all and keeps one slot fresh; `view.py` picks,
without clock and I/O, what the next cycle sees.
"""

from appliance.market.feed import market_workers
from appliance.market.view import MarketView

__all__ = ["MarketView", "market_workers"]
