"""When were cells balanced, and what did it help? The last episodes."""

from datetime import datetime
from typing import Final

import msgspec

from appliance.model import BalanceEpisode

KEEP: Final = 50


class BalancingHistory:
    """Notes each episode: begin, end, spread before and after."""

    def __init__(self, episodes: tuple[BalanceEpisode, ...] = ()) -> None:
        self.episodes = episodes[-KEEP:]
        self._on = False

    def update(self, on: bool, spread_v: float | None, utc: datetime) -> None:
        """What is so now. `spread_v`: highest less lowest cell of the worst rack."""
        if on and not self._on:
            begun = BalanceEpisode(began_at=utc, spread_before_v=spread_v)
            self.episodes = (*self.episodes, begun)[-KEEP:]
        elif self._on and not on:
            ended = msgspec.structs.replace(
                self.episodes[-1], ended_at=utc, spread_after_v=spread_v
            )
            self.episodes = (*self.episodes[:-1], ended)
        self._on = on
