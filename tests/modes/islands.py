"""Sites with backup, and a virtual day on them: the production cycle, the pretend plant, a profile."""

import json
from datetime import timedelta
from typing import Any

import msgspec

from appliance.config import build_modes, load_site
from appliance.cycle import Cycle
from appliance.model import Answer, Decision, Memory, Request, Want
from appliance.simulated_plant import Plant
from appliance.site import Backup, BoardRelay, Features, SiteSettings
from simulator.models.profile import Profile, parse_profile
from tests.stories import HOME

SWITCH = {"relay": "island_switch"}


def relay(channel: int) -> BoardRelay:
    return BoardRelay(driver="waveshare", bus="relay_bus", unit=9, channel=channel)


def with_backup(**changes: Any) -> SiteSettings:
    """The home site with a relay board, an island switch, and what else is named."""
    settings: dict[str, Any] = {"switch": SWITCH} | changes
    backup = Backup.model_validate_json(json.dumps(settings))
    relays = {one.relay: relay(2 + at) for at, one in enumerate(backup.loads.values())}
    relays["island_switch"] = relay(1)
    return load_site(HOME).model_copy(
        update={"backup": backup, "features": Features(backup=True), "relays": relays}
    )


def profile(*rows: tuple[int, float, float, float], first: str = "2026-06-21") -> Profile:
    """Rows of (minute of the day, load, PV, voltage); a day long."""
    lines = ["utc,load_w,pv_w,voltage_v"]
    for minute, load_w, pv_w, voltage_v in (*rows, (1_439, *rows[-1][1:])):
        lines.append(f"{first}T{minute // 60:02}:{minute % 60:02}:00Z,{load_w},{pv_w},{voltage_v}")
    return parse_profile(lines)


class Day:
    """Steps of one length through the real cycle."""

    def __init__(
        self, site: SiteSettings, what: Profile, soc_pct: float = 60.0, step_s: float = 0.5,
        mode: str = "passive",
    ) -> None:  # fmt: skip
        self.site, self.step_s = site, step_s
        self.plant = Plant(site, what, soc_pct)
        self.cycle = Cycle(site, *build_modes(site))
        self.cycle.adopt(Memory(mode=mode, mode_by="test"))
        self.start_at, self.now_s = what.start_at, 0.0
        self.told: list[Decision] = []
        self.spoil: dict[str, Any] = {}
        """Readings that are laid over what the plant says."""
        self.waiting: tuple[Request, ...] = ()

    @property
    def last(self) -> Decision:
        return self.told[-1]

    def step(self) -> Decision:
        utc = self.start_at + timedelta(seconds=self.now_s)
        seen = self.plant.look(self.now_s, utc)
        changes = {**self.spoil, "requests": self.waiting}
        self.waiting = ()
        decided = self.cycle.step(msgspec.structs.replace(seen, **changes))
        self.plant.follow(decided.setpoints, self.step_s)
        self.now_s += self.step_s
        self.told.append(decided)
        return decided

    def until(self, minute: float) -> "Day":
        while self.now_s < minute * 60.0:
            self.step()
        return self

    def states(self) -> list[str]:
        """Every state in the order of its first cycle, without repeats in a row."""
        found: list[str] = []
        for one in self.told:
            if not found or found[-1] != one.state:
                found.append(str(one.state))
        return found

    def steps(self) -> list[str]:
        """The island's steps, likewise."""
        found: list[str] = []
        for one in self.told:
            island = one.backup.island if one.backup is not None else None
            if island is not None and (not found or found[-1] != island.step):
                found.append(str(island.step))
        return found

    def ask(self, want: Want, source: str = "ctl") -> Answer:
        self.waiting = (Request("r", source, want),)
        (answer,) = self.step().answers
        return answer

    def numbers(self) -> set[int]:
        return {error.number for one in self.told for error in one.errors}
