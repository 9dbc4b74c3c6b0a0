"""What goes wrong in an island and on the way into it and out of it: each condition at its bounds."""

from typing import Any

import msgspec
import pytest

from appliance.errors.backup import island_of
from appliance.model import (
    ActiveError,
    BackupMemory,
    BackupReport,
    Effect,
    InverterState,
    Island,
    IslandFigures,
    IslandStep,
    Memory,
    PhaseReading,
    RelayReading,
    Setpoints,
    Severity,
    State,
)
from appliance.site import Backup, IslandSwitch, SiteSettings
from tests.core.boxes import on_island_site
from tests.core.conditions import holds
from tests.stories import NOON, Story, battery, inverter, with_grid_code

HOME = Story().site
BASE = on_island_site().site
SITE = BASE.model_copy(
    update={
        "backup": Backup(
            switch=IslandSwitch(relay="island_switch"),
            switch_s=3.0,
            form_s=30.0,
            leave_s=6.0,
            sync_wait_s=2.0,
            overload_s=5.0,
            start_pct=20.0,
            empty_pct=10.0,
        )
    }
)
OWN = BASE.model_copy(update={"backup": Backup(own_switch=True)})
FORMS = inverter(grid_forming=True)
OPEN, CLOSED = (
    {"relays": {"island_switch": RelayReading(True, False)}},
    {"relays": {"island_switch": RelayReading(True, True)}},
)
CARRYING = IslandStep.CARRYING


def island(step: IslandStep, for_s: float = 0.0, over_s: float | None = None) -> BackupMemory:
    """An island whose step has lasted for so long at 100 s."""
    over_since_s = None if over_s is None else 100.0 - over_s
    return BackupMemory(
        island=Island(10.0, NOON, "no voltage", step, 100.0 - for_s, over_since_s=over_since_s)
    )


def at(
    number: int, step: IslandStep, for_s: float = 0.0, site: SiteSettings = SITE,
    state: State = State.ISLAND, over_s: float | None = None, **readings: Any,
) -> tuple[str, ...]:  # fmt: skip
    memory = {"backup": island(step, for_s, over_s)}
    return holds(number, state, site=site, memory=memory, **readings)


@pytest.mark.parametrize("state", list(State))
def test_there_is_an_island_in_its_state_only(state: State) -> None:
    there = island(CARRYING)
    assert holds(225, state, memory={"backup": there}) == (
        ("island: no voltage",) if state is State.ISLAND else ()
    )
    memory = Memory(state=state, backup=there)
    assert island_of(memory) is (there.island if state is State.ISLAND else None)


@pytest.mark.parametrize(
    ("number", "step", "longest_s", "told"),
    [
        (220, IslandStep.OPENING, 3.0, "island switch"),
        (221, IslandStep.CLOSING, 3.0, "island switch"),
        (224, IslandStep.FORMING, 30.0, "inverter"),
        (224, IslandStep.OPENING, 6.0, "inverter: it does not go off"),
        (227, IslandStep.LEAVING, 8.0, "inverter"),
    ],
)  # fmt: skip
def test_a_step_may_take_so_long(
    number: int, step: IslandStep, longest_s: float, told: str
) -> None:
    late_s = longest_s + 0.01
    assert at(number, step, longest_s) == ()
    assert at(number, step, late_s) == (told,)
    assert at(number, step, late_s, site=HOME) == ()
    assert at(number, step, late_s, state=State.RUN) == ()
    timed = {IslandStep.OPENING, IslandStep.FORMING} if number == 224 else {step}
    for other in set(IslandStep) - timed:
        assert at(number, other, late_s, inverter=FORMS) == ()
    assert holds(number, State.ISLAND, site=SITE) == ()


@pytest.mark.parametrize("readings", [OPEN, CLOSED, {"relays": {}}])
def test_a_switch_that_is_known_open_is_not_late(readings: dict[str, Any]) -> None:
    late = at(220, IslandStep.OPENING, 3.01, **readings)
    assert late == (() if readings is OPEN else ("island switch",))
    assert at(221, IslandStep.CLOSING, 3.01, **readings) == ("island switch",)


def test_more_than_it_gives_for_too_long() -> None:
    assert at(222, CARRYING) == at(222, CARRYING, over_s=5.0) == ()
    assert at(222, CARRYING, over_s=5.01) == ("island",)
    assert at(222, CARRYING, over_s=5.01, site=HOME) == ()
    assert at(222, CARRYING, over_s=5.01, state=State.RUN) == ()


@pytest.mark.parametrize("passed", [True, False])
def test_the_last_test_did_not_pass(passed: bool) -> None:
    report = BackupReport(NOON, NOON, "ctl", 60.0, passed, ("dark", "late"), IslandFigures())
    memory = {"backup": BackupMemory(report=report)}
    assert holds(223, site=SITE, memory=memory) == (() if passed else ("backup: dark; late",))
    assert holds(223, site=HOME, memory=memory) == holds(223, site=SITE) == ()


def test_an_inverter_that_stops_making_the_grid() -> None:
    off = inverter(state=InverterState.OFF, grid_forming=True)
    for stopped in (off, inverter(), inverter(grid_forming=False)):
        assert at(224, CARRYING, inverter=stopped) == ("inverter",)
        assert at(224, CARRYING, inverter=stopped, site=OWN) == (), "the grid has come back"
        assert at(224, CARRYING, inverter=stopped, site=HOME) == ()
        for step in set(IslandStep) - {CARRYING}:
            assert at(224, step, inverter=stopped) == ()
        assert holds(224, State.ISLAND, site=SITE, inverter=stopped) == ()
    assert at(224, CARRYING, inverter=FORMS) == at(224, CARRYING, inverter=None) == ()
    assert at(224, IslandStep.FORMING, 99.0, inverter=None) == (), "silent: that is another error"


@pytest.mark.parametrize("readings", [OPEN, CLOSED, {"relays": {}}])
def test_two_grids_are_never_put_together(readings: dict[str, Any]) -> None:
    bad = () if readings is OPEN else ("island switch",)
    told = {"commanded": Setpoints(grid_forming=True)}
    assert holds(226, site=SITE, inverter=FORMS, **readings) == bad
    assert holds(226, site=SITE, memory=told, **readings) == bad
    assert holds(226, site=SITE, memory=told, inverter=None, **readings) == bad
    for reading in (inverter(), inverter(grid_forming=False), None):
        assert holds(226, site=SITE, inverter=reading, **readings) == ()
    for site in (HOME, OWN):
        for reading in (FORMS, inverter(), None):
            assert holds(226, site=site, memory=told, inverter=reading, **readings) == ()


@pytest.mark.parametrize("nominal_v", [230.0, 120.0])
def test_what_it_makes_must_suit_what_hangs_on_it(nominal_v: float) -> None:
    coded = with_grid_code(SITE)
    assert coded.grid_code is not None
    code = coded.grid_code.model_copy(update={"nominal_v": nominal_v})
    site = SITE if nominal_v == 230.0 else coded.model_copy(update={"grid_code": code})

    def wrong(
        *volts: float | None, hertz: float | None = 50.0, step: IslandStep = CARRYING,
        plant: SiteSettings = site, state: State = State.ISLAND,
    ) -> tuple[str, ...]:  # fmt: skip
        reading = inverter(phases=tuple(map(PhaseReading, volts)), frequency_hz=hertz)
        return at(228, step, site=plant, state=state, inverter=reading)

    low_v, high_v = 0.8 * nominal_v, 1.15 * nominal_v
    voltage, frequency = ("island: voltage",), ("island: frequency",)
    assert wrong() == wrong(None) == wrong(low_v, high_v) == wrong(nominal_v, None) == ()
    assert wrong(low_v - 0.1) == wrong(nominal_v, high_v + 0.1) == voltage
    assert wrong(low_v - 0.1, nominal_v, None) == voltage
    assert wrong(hertz=47.0) == wrong(hertz=53.0) == wrong(hertz=None) == ()
    assert wrong(hertz=46.99) == wrong(hertz=53.01) == frequency
    assert wrong(0.0, hertz=0.0) == ("island: voltage, frequency",)
    assert wrong(0.0, plant=HOME) == wrong(0.0, state=State.RUN) == ()
    for step in set(IslandStep) - {CARRYING}:
        assert wrong(0.0, step=step) == ()
    assert at(228, CARRYING, inverter=None) == ()
    assert holds(228, State.ISLAND, site=SITE, inverter=inverter(frequency_hz=0.0)) == ()


# ---------------------------------------------------------------- what the battery may not


def raised(number: int, *effects: Effect) -> dict[str, Any]:
    one = ActiveError(number, "here", Severity.WARNING, "Odd", "none", effects, NOON)
    return {"backup": island(CARRYING), "errors": (one,)}


@pytest.mark.parametrize("step", list(IslandStep))
def test_an_empty_battery_carries_nothing(step: IslandStep) -> None:
    empty = ("battery: empty",) if step in (IslandStep.FORMING, CARRYING) else ()
    assert at(229, step, battery=battery(soc_pct=10.0)) == empty
    assert at(229, step, battery=battery(soc_pct=None)) == empty
    assert at(229, step, battery=battery(soc_pct=10.1)) == at(229, step, battery=None) == ()
    assert at(229, step, battery=battery(soc_pct=1.0), site=HOME) == ()
    assert at(229, step, battery=battery(soc_pct=1.0), state=State.RUN) == ()
    assert holds(229, State.ISLAND, site=SITE, battery=battery(soc_pct=1.0)) == ()


@pytest.mark.parametrize(
    ("power_w", "forbidden", "other"),
    [
        (-1.0, Effect.NO_CHARGE, Effect.NO_DISCHARGE),
        (0.0, Effect.NO_DISCHARGE, Effect.NO_CHARGE),
        (1.0, Effect.NO_DISCHARGE, Effect.NO_CHARGE),
        (None, Effect.NO_DISCHARGE, Effect.NO_CHARGE),
    ],
)
def test_what_is_forbidden_the_way_it_flows_ends_the_island(
    power_w: float | None, forbidden: Effect, other: Effect
) -> None:
    reading = msgspec.structs.replace(inverter(), power_w=power_w)

    def ends(number: int, *effects: Effect) -> tuple[str, ...]:
        memory = raised(number, *effects)
        return holds(229, State.ISLAND, site=SITE, memory=memory, inverter=reading)

    assert ends(121, forbidden) == ends(121, other, forbidden) == ("battery: error 121",)
    assert ends(121, other) == ends(121) == ()
    for far in (300, 301, 302, 399):
        assert ends(far, forbidden) == (), "an island does without meters"
    for near in (299, 400, 213, 502):
        assert ends(near, forbidden) == (f"battery: error {near}",)


def test_without_an_inverter_that_is_heard_it_counts_as_discharging() -> None:
    for effect, told in ((Effect.NO_DISCHARGE, ("battery: error 113",)), (Effect.NO_CHARGE, ())):
        assert (
            holds(229, State.ISLAND, site=SITE, memory=raised(113, effect), inverter=None) == told
        )


def test_one_error_that_forbids_nothing_hides_none_that_does() -> None:
    first = raised(301, Effect.NO_DISCHARGE)["errors"]
    memory = {**raised(113, Effect.NO_DISCHARGE)}
    memory["errors"] = (*first, *memory["errors"])
    assert holds(229, State.ISLAND, site=SITE, memory=memory) == ("battery: error 113",)
