"""What the cycle adds to its setpoints for the battery: asleep, balancing, racks that stay apart."""

from math import inf

import msgspec

from appliance.battery.balancing import Balancing
from appliance.battery.joining import Joining
from appliance.battery.sleeping import remember, sleeps
from appliance.model import Memory, Setpoints, Snapshot, State
from appliance.site import SiteSettings, lacks


class Care:
    """One for the life of the cycle; what it must find again is in Memory."""

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self._balancing = Balancing(site)
        self._joining = Joining(site)
        battery = site.battery
        self._balances, self._has_racks = not lacks(site, "cell_balance"), battery.racks > 1
        self._sleeps = not lacks(site, "sleep")

    def add(
        self, setpoints: Setpoints, state: State, may_sleep: bool, since_s: float, seen: Snapshot,
        memory: Memory,
    ) -> tuple[Setpoints, Memory]:  # fmt: skip
        """The setpoints with the battery's part, and the memory with what was decided."""
        asleep = balancing = False
        racks_open: tuple[int, ...] = ()
        if self._sleeps or memory.waking:
            asleep = may_sleep and sleeps(state, since_s, setpoints, seen, memory, self._site)
            memory = remember(asleep, seen, memory)
        if self._has_racks:
            apart = self._joining.apart(seen, memory)
            pause, suspect = self._joining.pause, self._joining.suspects
            known = memory.racks_apart, memory.rack_pause, memory.racks_suspect
            if known != (apart, pause, suspect):
                memory = msgspec.structs.replace(
                    memory, racks_apart=apart, rack_pause=pause, racks_suspect=suspect
                )
            waits = seen.now_s if setpoints.contactors_closed else inf
            racks_open = tuple(
                [one.rack for one in apart if one.opens_s is None or waits >= one.opens_s]
            )
        if self._balances:
            balancing = not asleep and self._balancing.allowed(state, seen, memory)
        if asleep or balancing or racks_open:
            setpoints = msgspec.structs.replace(
                setpoints, battery_asleep=asleep, balancing=balancing, racks_open=racks_open
            )
        return setpoints, memory
