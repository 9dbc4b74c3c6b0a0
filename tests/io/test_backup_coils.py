"""The coils of the island switch and of loads that may be shed: what nobody says stays, what is dead is let go."""

from typing import Any

import msgspec
import pytest

from appliance.io.relays import coils, coils_now, safe_coils
from appliance.mailbox import Slots
from appliance.model import SAFE, RelayReading, Setpoints, State
from appliance.site import SiteSettings
from tests.io.decided import decided
from tests.modes.islands import with_backup

CLOSED_WHEN_DEAD = {"relay": "island_switch", "contact": "normally_closed", "interlocked": True}
LOADS = {
    "car": {"relay": "car_relay"},
    "pump": {"relay": "pump_relay", "contact": "normally_open"},
}


def coil(site: SiteSettings, **told: Any) -> bool:
    return coils(site, None, Setpoints(**told))["island_switch"]


@pytest.mark.parametrize(
    ("switch", "opened", "closed"),
    [({"relay": "island_switch"}, False, True), (CLOSED_WHEN_DEAD, True, False)],
)
def test_the_switch_opens_as_its_contact_says(switch: Any, opened: bool, closed: bool) -> None:
    site = with_backup(switch=switch)
    assert coil(site, grid_switch_open=True) is opened
    assert coil(site, grid_switch_open=False) is closed
    assert coil(site) is False
    assert safe_coils(site)["island_switch"] is False, "what a dead box leaves is let go"


def test_loads_are_off_as_their_contacts_say() -> None:
    site = with_backup(loads=LOADS)
    on = coils(site, None, SAFE)
    off = coils(site, None, Setpoints(loads_shed=("car_relay", "pump_relay")))
    assert (on["car_relay"], on["pump_relay"]) == (False, True)
    assert (off["car_relay"], off["pump_relay"]) == (True, False)


def test_a_switch_that_nobody_commands_stays_where_it_is() -> None:
    site = with_backup()
    slots = Slots.create(("grid",), (), tuple(site.relays), ())
    assert coils_now(site, slots, 10.0)["island_switch"] is False, "nothing was ever said"
    said = msgspec.structs.replace(decided(State.RUN), setpoints=Setpoints(grid_switch_open=False))
    slots.decision.put(said, 10.0)
    assert coils_now(site, slots, 10.1)["island_switch"] is True
    slots.relays["island_switch"].put(RelayReading(True, True), 10.1)
    assert coils_now(site, slots, 20.0)["island_switch"] is True, "no decision is fresh"
    slots.relays["island_switch"].put(RelayReading(False, False), 20.0)
    slots.decision.put(decided(State.ERROR), 20.0)
    assert coils_now(site, slots, 20.1)["island_switch"] is False
