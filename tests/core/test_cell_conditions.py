"""Conditions of cells and currents, at, just below and just above each edge, and with each value missing."""

from typing import Any

import pytest
from msgspec.structs import replace

from appliance.errors.battery import flow_w
from appliance.model import BatteryView, Setpoints, State
from appliance.site import Current, CurrentLevels, SiteSettings
from tests.core.conditions import SITE, holds
from tests.stories import battery, rack

AWAY: tuple[str, ...] = ()
LEVELS = CurrentLevels(operating_a=10.0, recommended_a=12.0, maximum_a=15.0)
MORE = CurrentLevels(operating_a=20.0, recommended_a=24.0, maximum_a=30.0)


@pytest.mark.parametrize(
    ("number", "name", "edge", "beyond"),
    [
        (111, "cell_max_v", 3.63, 3.631), (112, "cell_max_v", 3.7, 3.701),
        (113, "cell_min_v", 2.8, 2.799), (114, "cell_min_v", 2.5, 2.499),
        (121, "cell_min_c", 2.0, 1.99), (131, "cell_max_c", 45.0, 45.01),
        (122, "cell_max_c", 53.0, 53.01), (123, "cell_max_c", 58.0, 58.01),
        (123, "cell_min_c", -20.0, -20.01),
    ],
)  # fmt: skip
def test_windows_of_cells(number: int, name: str, edge: float, beyond: float) -> None:
    def of(value: float | None, **changes: Any) -> tuple[str, ...]:
        return holds(number, battery=battery(rack(1), rack(2, **{name: value}, **changes)))

    assert of(edge) == AWAY
    assert of(beyond) == ("rack 2",)
    assert of(None) == AWAY
    assert of(float("nan")) == AWAY
    alone = battery(rack(1, **{name: beyond}))
    assert holds(number, battery=alone) == ("rack 1",)
    assert holds(number) == AWAY
    assert holds(number, battery=None) == AWAY
    opened = of(beyond, contactors_closed=False)
    assert opened == (("rack 2",) if number == 123 else AWAY), "an open one may burn, nothing else"


def test_a_rack_that_is_too_cold_in_one_place_and_too_hot_in_another() -> None:
    both = battery(rack(1, cell_min_c=-21.0, cell_max_c=59.0))
    assert holds(123, battery=both) == ("rack 1",)


def test_uneven_temperatures() -> None:
    def of(low_c: float | None, high_c: float | None) -> tuple[str, ...]:
        return holds(132, battery=battery(rack(1), rack(2, cell_min_c=low_c, cell_max_c=high_c)))

    assert of(20.0, 35.0) == AWAY
    assert of(20.0, 35.1) == of(-9.0, 6.1) == ("rack 2",)
    assert of(None, 99.0) == of(0.0, None) == AWAY
    assert holds(132, battery=None) == AWAY


def test_cells_that_heat_up() -> None:
    def of(*rises_c: tuple[int, float], **changes: Any) -> tuple[str, ...]:
        return holds(133, battery_view=BatteryView(rises_c), **changes)

    assert of((1, 5.0), (2, 4.9)) == AWAY
    assert of((1, 4.9), (2, 5.1)) == ("rack 2",)
    assert of((1, 6.0), (2, 5.1)) == ("rack 1", "rack 2")
    assert of((1, 6.0), battery=None) == AWAY
    assert of() == AWAY
    assert holds(133, battery_view=None) == AWAY


def balanced(alarm_v: float = 0.125, maximum_v: float = 0.5) -> SiteSettings:
    """Bounds that binary fractions meet exactly."""
    balancing = SITE.battery.balancing.model_copy(
        update={"alarm_v": alarm_v, "maximum_v": maximum_v}
    )
    sized = SITE.battery.model_copy(update={"balancing": balancing, "capacity_wh": 10_000.0})
    return SITE.model_copy(update={"battery": sized})


@pytest.mark.parametrize(("number", "edge_v"), [(127, 0.125), (130, 0.5)])
def test_cells_apart(number: int, edge_v: float) -> None:
    def of(spread_v: float, **changes: Any) -> tuple[str, ...]:
        wide = rack(2, cell_min_v=3.0, cell_max_v=3.0 + spread_v)
        return holds(number, site=balanced(), battery=battery(rack(1), wide, **changes))

    beyond_v, told = edge_v + 0.0625, ("rack 2",)
    assert of(edge_v) == AWAY
    assert of(beyond_v) == told
    assert of(beyond_v, power_w=500.0) == of(beyond_v, power_w=-500.0) == told
    assert of(beyond_v, power_w=501.0) == of(beyond_v, power_w=-501.0) == AWAY
    assert of(beyond_v, soc_pct=15.0) == of(beyond_v, soc_pct=95.0) == told
    assert of(beyond_v, soc_pct=14.9) == of(beyond_v, soc_pct=95.1) == AWAY
    assert of(beyond_v, power_w=None) == of(beyond_v, soc_pct=None) == AWAY
    for missing in ("cell_min_v", "cell_max_v"):
        half = rack(2, **{"cell_min_v": 3.0, "cell_max_v": 3.9, missing: None})
        assert holds(number, site=balanced(), battery=battery(rack(1), half)) == AWAY
    assert holds(number, site=balanced(), battery=None) == AWAY
    opened = rack(2, cell_min_v=3.0, cell_max_v=3.9, contactors_closed=False)
    assert holds(number, site=balanced(), battery=battery(rack(1), opened)) == AWAY


def wired(charge: CurrentLevels | None, discharge: CurrentLevels | None) -> SiteSettings:
    current = Current(charge=charge, discharge=discharge)
    return SITE.model_copy(update={"battery": SITE.battery.model_copy(update={"current": current})})


@pytest.mark.parametrize(("number", "charge_a", "discharge_a"), [(128, 12.0, 24.0), (129, 15.0, 30.0)])  # fmt: skip
def test_currents_of_a_rack(number: int, charge_a: float, discharge_a: float) -> None:
    def of(site: SiteSettings, current_a: float | None, **changes: Any) -> tuple[str, ...]:
        told = battery(rack(1), rack(2, current_a=current_a), **changes)
        return holds(number, site=site, battery=told)

    both, told = wired(LEVELS, MORE), ("rack 2",)
    assert of(both, -charge_a) == of(both, discharge_a) == AWAY
    assert of(both, -charge_a - 0.1) == of(both, discharge_a + 0.1) == told
    charged, discharged = wired(LEVELS, None), wired(None, MORE)
    assert of(charged, -charge_a - 0.1) == told
    assert of(charged, 999.0) == AWAY
    assert of(discharged, discharge_a + 0.1) == told
    assert of(discharged, -999.0) == AWAY
    assert of(wired(None, None), 999.0) == of(wired(None, None), -999.0) == AWAY
    assert holds(number, site=both, battery=None) == AWAY
    tiny = CurrentLevels(operating_a=0.1, recommended_a=0.2, maximum_a=0.3)
    assert of(wired(None, tiny), 0.9) == of(wired(tiny, None), -0.9) == told
    assert of(wired(tiny, None), 0.9) == of(wired(None, tiny), -0.9) == AWAY


def test_a_rack_that_does_not_say_its_current_has_its_share() -> None:
    site = wired(LEVELS, MORE)

    def of(whole_a: float | None, *racks: Any) -> tuple[str, ...]:
        told = battery(*racks, current_a=whole_a, power_w=0.0)
        return holds(128, site=site, battery=told)

    unsaid = rack(1, current_a=None), rack(2, current_a=None)
    assert of(-24.0, *unsaid) == of(48.0, *unsaid) == AWAY
    assert of(-24.2, *unsaid) == of(48.2, *unsaid) == ("rack 1", "rack 2")
    assert of(None, *unsaid) == AWAY
    assert of(None, rack(1, current_a=None), rack(2, current_a=-13.0)) == ("rack 2",)
    assert of(-99.0, rack(1, current_a=-11.0), rack(2, current_a=11.0)) == AWAY
    empty = battery(current_a=99.0)
    assert holds(128, site=site, battery=replace(empty, racks=())) == AWAY


def test_a_battery_that_says_nothing_of_use() -> None:
    view = BatteryView((), "its state is unknown", 60.1)
    told = ("battery: its state is unknown",)

    def of(state: State = State.RUN, memory: dict[str, Any] | None = None, **changes: Any) -> Any:
        return holds(107, state, memory=memory, **({"battery_view": view} | changes))

    assert of() == told
    assert of(State.IDLE) == told
    assert of(battery_view=BatteryView((), "its state is unknown", 60.0)) == AWAY
    assert of(battery_view=BatteryView((), "", 60.1)) == AWAY
    assert of(battery_view=None) == AWAY
    assert of(battery=None) == AWAY
    assert of(memory={"goal": State.IDLE}) == AWAY
    assert of(State.WAKING) == of(State.PRECHARGE) == AWAY
    assert of(memory={"commanded": Setpoints(battery_asleep=True)}) == AWAY
    assert of(battery=battery(asleep=True)) == AWAY
    assert of(battery=battery(asleep=False)) == told


def test_what_flows() -> None:
    assert flow_w(None) is None
    assert flow_w(battery(power_w=7.0, current_a=1.0, voltage_v=400.0)) == 7.0
    assert flow_w(battery(power_w=None, current_a=-2.0, voltage_v=400.0)) == -800.0
    assert flow_w(battery(power_w=None, current_a=None, voltage_v=400.0)) is None
    assert flow_w(battery(power_w=None, current_a=1.0, voltage_v=None)) is None
    assert flow_w(battery(power_w=0.0, current_a=1.0, voltage_v=400.0)) == 0.0
