"""Backup power: the reserve; virtual days with a lost grid; loads; black start; tests of it. In Wh, s and words."""

from typing import Any

import msgspec
import pytest

from appliance.config import load_site
from appliance.model import (
    BackupReport,
    BlackStart,
    BoardReading,
    EndBackupTest,
    GoToState,
    GridView,
    InverterState,
    IslandStep,
    Memory,
    RelayReading,
    State,
    TryBackup,
)
from appliance.modes.backup import Mode, ModeSettings
from appliance.site import SiteSettings
from tests.modes.islands import Day, profile, with_backup
from tests.stories import HOME, battery, inverter, seen

NIGHT = profile((0, 1_500, 0, 230), (2, 1_500, 0, 3), (32, 1_500, 0, 230))
"""The grid is lost from minute 2 to 32."""
DARK = profile((0, 1_500, 0, 3), (15, 1_500, 0, 230))
STEADY = profile((0, 1_500, 0, 230), (720, 1_500, 0, 230))
WAY = ["opening", "forming", "carrying", "leaving", "closing"]


def never_two_sources(day: Day) -> None:
    """Nothing made a grid that was not known to be separated."""
    assert day.plant.house.two_sources_s == 0.0
    assert 226 not in day.numbers()


# ---------------------------------------------------------------- the reserve


def mode(site: SiteSettings | None = None, **settings: Any) -> Mode:
    return Mode(ModeSettings(**settings), site or with_backup())


def wish(what: Mode, soc_pct: float | None) -> Any:
    return what.wish(seen(battery=battery(soc_pct=soc_pct)), Memory())


def test_nobody_discharges_below_the_reserve() -> None:
    reserve = mode(reserve_pct=40.0, hysteresis_pct=2.0)
    held = [wish(reserve, soc).highest_w for soc in (41.0, 40.0, 41.9, 42.1, 41.0)]
    assert held == [None, 0.0, 0.0, None, None], "it is let go with hysteresis"
    assert wish(reserve, 30.0).power_w is None
    assert wish(reserve, None).missing == "the state of charge is not known"
    assert not mode(reserve_pct=40.0).wakes(seen(battery=battery(soc_pct=30.0)), Memory())


def test_it_fills_up_where_it_is_told_to() -> None:
    filling = mode(reserve_pct=40.0, refill_w=900.0)
    full, low = wish(filling, 40.0), wish(filling, 39.0)
    assert (full.power_w, full.highest_w) == (None, 0.0)
    assert (low.power_w, low.highest_w, low.lowest_w) == (-900.0, -900.0, None)
    assert filling.wakes(seen(battery=battery(soc_pct=39.0)), Memory())
    assert wish(mode(reserve_pct=40.0, refill_w=1e6), 39.0).power_w == -5_000.0


def test_the_reserve_holds_beside_self_consumption() -> None:
    site = with_backup()
    beside = {"beside": ({"mode": "backup"},), "start_mode": "self_consumption"}
    control = type(site.control).model_validate({**site.control.model_dump(), **beside})
    site = site.model_copy(update={"control": control, "modes": {"backup": {"reserve_pct": 55.0}}})
    day = Day(site, STEADY, soc_pct=60.0, step_s=1.0, mode="self_consumption").until(60)
    assert day.plant.soc_pct == pytest.approx(55.0, abs=0.3)
    assert "Backup reserve allows 0 W" in day.last.why
    assert day.plant.discharge_wh == pytest.approx(0.05 * 10_600, rel=0.08)


# ---------------------------------------------------------------- the grid is lost, and comes back


def test_a_lost_grid_leads_to_the_island_and_back() -> None:
    day = Day(with_backup(), NIGHT).until(37)
    assert day.states() == ["precharge", "starting", "run", "island", "starting", "run"]
    assert day.steps() == WAY
    assert day.numbers() == {225}
    house = day.plant.house
    wh = 1_500.0 * (30.0 + 1.0) / 60.0
    assert house.carried_wh == pytest.approx(wh, abs=5.0)
    assert day.plant.discharge_wh == pytest.approx(house.carried_wh, abs=0.01), "from the battery"
    assert day.plant.energies_wh()["load_wh"] == pytest.approx(1_500.0 * 37.0 / 60.0, abs=4.0)
    assert house.dark_s <= 6.0
    never_two_sources(day)


def test_without_the_feature_the_same_night_is_dark() -> None:
    day = Day(load_site(HOME), NIGHT).until(37)
    assert "island" not in day.states()
    assert "error" in day.states()
    assert day.plant.house.carried_wh == 0.0
    assert day.plant.discharge_wh == 0.0


def test_a_dip_is_no_blackout() -> None:
    day = Day(with_backup(transfer_after_s=1.0), STEADY).until(1)
    view = GridView(0.0, 0.0, lost=True)
    for lost in (True, True, False, True):
        day.spoil = {"grid_view": view} if lost else {}
        day.step()
    assert day.states()[-1] == "run"
    for _ in range(5):
        day.step()
    assert day.states()[-1] == "island"


@pytest.mark.parametrize(
    ("state", "number"), [(InverterState.OFF, 203), (InverterState.FAULT, 202)]
)
def test_an_inverter_that_stops_by_itself_has_a_moment_for_the_meter_to_agree(
    state: InverterState, number: int
) -> None:
    day = Day(with_backup(), STEADY, step_s=0.1).until(0.5)
    began_s = day.now_s
    day.spoil = {"inverter": inverter(state=state)}
    while number not in day.numbers():
        assert day.now_s - began_s < 3.0, "never"
        day.step()
    assert day.now_s - began_s >= 1.5
    assert day.states()[-1] == "error"
    assert "island" not in day.states()


def test_a_meter_that_is_dark_with_the_grid() -> None:
    day = Day(with_backup(), NIGHT, step_s=0.1).until(1.9)
    while day.plant.look(day.now_s, day.start_at).inverter.state is InverterState.RUNNING:  # type: ignore[union-attr]
        day.step()
    gone_s = day.now_s
    for _ in range(200):
        seen_now = day.plant.look(day.now_s, day.start_at)
        words = {"inverter": msgspec.structs.replace(seen_now.inverter, faults=())}  # type: ignore[type-var]
        dark = (
            {"grid": None, "grid_view": None} if day.now_s - gone_s > 1.0 else {"grid_view": None}
        )
        day.spoil = words | dark
        day.step()
    assert day.states()[-1] == "island"
    assert day.last.setpoints.grid_forming
    assert day.last.backup is not None
    assert day.last.backup.island is not None
    assert day.last.backup.island.because == "the meter is dark and the inverter has let go"


def test_the_grid_must_stay_before_it_is_trusted() -> None:
    flickers = profile(
        (0, 800, 0, 230), (5, 800, 0, 3), (10, 800, 0, 230), (11, 800, 0, 3), (12, 800, 0, 230)
    )
    day = Day(with_backup(return_after_s=90.0), flickers).until(16)
    back_at = next(one.now_s for one in day.told if one.why.endswith("the grid is back"))
    assert back_at == pytest.approx(12 * 60 + 90 + 2, abs=3.0)
    never_two_sources(day)


def test_what_is_not_known_to_open_makes_no_grid() -> None:
    day = Day(with_backup(), NIGHT).until(1)
    day.spoil = {"relays": {"island_switch": RelayReading(True, True)}}  # it stays closed
    day.until(5)
    assert 220 in day.numbers()
    assert not any(one.setpoints.grid_forming for one in day.told)
    assert "error" in day.states()
    assert day.plant.house.carried_wh == 0.0


@pytest.mark.parametrize("reading", [None, RelayReading(False), RelayReading(True, True)])
def test_a_switch_that_is_not_known_open_any_more_ends_it_at_once(reading: Any) -> None:
    day = Day(with_backup(), NIGHT).until(4)
    assert day.last.setpoints.grid_forming
    day.spoil = {"relays": {"island_switch": reading}}
    first = day.step()
    assert not first.setpoints.grid_forming
    assert not first.setpoints.inverter_on
    assert first.state is State.ERROR
    assert 226 in day.numbers()


def test_stopped_in_the_island_the_inverter_is_off_at_once_and_the_switch_closes_then() -> None:
    day = Day(with_backup(), NIGHT).until(4)
    assert day.ask(GoToState(State.IDLE)).ok
    assert day.states()[-1] == "stopping"
    assert (day.last.setpoints.inverter_on, day.last.setpoints.grid_forming) == (False, False)
    assert day.last.setpoints.grid_switch_open, "until the inverter is known off"
    after = [day.step().setpoints.grid_switch_open for _ in range(6)]
    assert after[-1] is False
    never_two_sources(day)


def test_an_inverter_that_goes_on_keeps_the_switch_open() -> None:
    day = Day(with_backup(), NIGHT).until(4)
    day.ask(GoToState(State.IDLE))
    day.spoil = {"inverter": inverter(0.0, grid_forming=True)}  # it says that it runs on
    told = [day.step().setpoints.grid_switch_open for _ in range(20)]
    assert set(told) == {True}
    day.spoil = {"inverter": inverter(state=InverterState.OFF)}
    day.step()
    assert day.last.setpoints.grid_switch_open is False


def test_an_emergency_stop_in_an_island_closes_nothing() -> None:
    day = Day(with_backup(), NIGHT).until(4)
    day.spoil = {"board": BoardReading(estop_pressed=True)}
    day.until(5)
    assert day.states()[-1] == "error"
    assert day.last.setpoints.grid_switch_open is True
    assert not day.last.setpoints.contactors_closed


# ---------------------------------------------------------------- what it may not carry


def test_an_empty_battery_ends_the_island() -> None:
    day = Day(with_backup(start_pct=10.0, empty_pct=8.0), NIGHT, soc_pct=12.0).until(31)
    assert 229 in day.numbers()
    assert day.states()[-1] == "error"
    assert day.plant.soc_pct == pytest.approx(8.0, abs=0.3)


def test_no_island_is_begun_below_its_least_charge() -> None:
    day = Day(with_backup(start_pct=30.0), NIGHT, soc_pct=25.0).until(5)
    assert "island" not in day.states()
    assert 310 in day.numbers()


def test_too_much_load_ends_the_island() -> None:
    heavy = profile((0, 1_500, 0, 230), (2, 9_000, 0, 3), (70, 1_500, 0, 230))
    day = Day(with_backup(), heavy).until(4)
    assert day.numbers() & {222, 202, 224}
    assert day.states()[-1] == "error"
    never_two_sources(day)


# ---------------------------------------------------------------- loads


def load(relay: str, priority: int, **more: Any) -> dict[str, Any]:
    return {"relay": relay, "priority": priority} | more


def test_loads_are_shed_by_charge_the_least_important_first() -> None:
    loads = {
        "boiler": load("boiler_relay", 3, below_soc_pct=59.0),
        "oven": load("oven_relay", 2, below_soc_pct=58.0),
        "light": load("light_relay", 1, below_soc_pct=20.0),
    }
    day = Day(with_backup(loads=loads), NIGHT, soc_pct=60.0)
    day.plant.house.sheddable_w = {"boiler_relay": 600.0, "oven_relay": 300.0, "light_relay": 50.0}
    day.until(31)
    at_soc: dict[tuple[str, ...], float] = {}
    for one in day.told:
        assert one.backup is not None
        soc_pct = one.backup.figures.soc_after_pct
        if one.setpoints.loads_shed and soc_pct is not None:
            at_soc.setdefault(one.setpoints.loads_shed, soc_pct)
    assert list(at_soc) == [("boiler_relay",), ("boiler_relay", "oven_relay")]
    assert list(at_soc.values()) == [pytest.approx(59.0, abs=0.1), pytest.approx(58.0, abs=0.1)]
    assert day.plant.load_w == 600.0
    assert "off: boiler_relay, oven_relay" in day.last.why
    day.until(37)
    assert day.last.setpoints.loads_shed == (), "with the grid everything is back"
    assert day.plant.load_w == 1_500.0


def test_loads_are_shed_by_power_one_by_one() -> None:
    evening = profile((0, 1_500, 0, 230), (2, 5_600, 0, 3), (5, 1_500, 0, 3), (70, 1_500, 0, 230))
    loads = {
        "car": load("car_relay", 9, above_w=4_000.0),
        "oven": load("oven_relay", 2, above_w=4_000.0),
    }
    day = Day(with_backup(loads=loads, restore_after_s=120.0), evening)
    day.plant.house.sheddable_w = {"car_relay": 1_000.0, "oven_relay": 1_200.0}
    day.until(4.9)
    order = [one.setpoints.loads_shed for one in day.told if one.setpoints.loads_shed]
    assert order[0] == ("car_relay",)
    assert order[-1] == ("car_relay", "oven_relay")
    assert day.plant.load_w == 3_400.0
    assert day.states()[-1] == "island", "overloaded for a moment only"
    first = next(one.now_s for one in day.told if len(one.setpoints.loads_shed) == 1)
    second = next(one.now_s for one in day.told if len(one.setpoints.loads_shed) == 2)
    assert second - first >= 1.0
    day.until(10)
    back = [(one.now_s, one.setpoints.loads_shed) for one in day.told if one.now_s > 300.0]
    oven_s = next(at_s for at_s, shed in back if shed == ("car_relay",))
    car_s = next(at_s for at_s, shed in back if shed == ())
    assert oven_s - 300.0 == pytest.approx(120.0, abs=2.0), "the more important one first"
    assert car_s - oven_s == pytest.approx(120.0, abs=2.0)


# ---------------------------------------------------------------- a start without a grid


def test_a_box_that_starts_in_the_dark_waits_until_it_is_asked() -> None:
    day = Day(with_backup(), DARK).until(2)
    assert day.states()[-1] == "error"
    assert 310 in day.numbers()
    assert day.plant.house.carried_wh == 0.0
    assert not day.ask(BlackStart(), "cloud").ok
    assert day.ask(BlackStart(), "button").ok
    day.until(10)
    assert day.states()[-1] == "island"
    assert day.states()[-4:] == ["error", "init", "precharge", "island"]
    assert day.plant.house.carried_wh == pytest.approx(1_500.0 * 8.0 / 60.0, abs=15.0)
    day.until(18)
    assert day.states()[-1] == "run"
    never_two_sources(day)


def test_it_starts_in_the_dark_by_itself_where_it_is_told_to() -> None:
    day = Day(with_backup(black_start="automatic"), DARK).until(10)
    assert day.states()[:2] == ["precharge", "island"]
    assert day.numbers() == {225}
    assert day.plant.house.carried_wh == pytest.approx(1_500.0 * 10.0 / 60.0, abs=10.0)
    never_two_sources(day)


def test_a_start_without_a_grid_waits_for_the_switch() -> None:
    day = Day(with_backup(black_start="automatic"), DARK)
    day.spoil = {"relays": {"island_switch": None}}
    day.until(2)
    assert not any(one.setpoints.grid_forming for one in day.told)
    assert 220 in day.numbers()


@pytest.mark.parametrize(
    ("site", "why"),
    [
        (with_backup(black_start="never"), 'this site starts with a grid only (backup.black_start = "never")'),
        (with_backup(), "the box is Running"),
    ],
)  # fmt: skip
def test_a_black_start_is_refused_with_the_reason(site: SiteSettings, why: str) -> None:
    day = Day(site, STEADY).until(1)
    answer = day.ask(BlackStart())
    assert (answer.ok, answer.reason) == (False, why)


def test_no_black_start_where_there_is_a_grid() -> None:
    day = Day(with_backup(), STEADY).until(1)
    day.ask(GoToState(State.IDLE))
    day.until(2)
    assert day.ask(BlackStart()).reason == "nobody says that the grid is gone"


# ---------------------------------------------------------------- tests of it


def report_of(day: Day) -> BackupReport:
    assert day.last.backup is not None
    assert day.last.backup.report is not None
    return day.last.backup.report


def test_a_test_carries_the_house_and_reports() -> None:
    day = Day(with_backup(), STEADY).until(2)
    assert day.ask(TryBackup(300.0)).reason == (
        "the test begins: the house goes dark for some seconds, then lives on the battery for 300 s"
    )
    day.until(10)
    report = report_of(day)
    assert (report.passed, report.reasons, report.by) == (True, (), "ctl")
    figures = report.figures
    assert figures.carried_wh == pytest.approx(1_500.0 * 300.0 / 3600.0, abs=2.0)
    assert (figures.lowest_v, figures.highest_v, figures.lowest_hz) == (230.0, 230.0, 50.0)
    assert figures.highest_w == 1_500.0
    assert figures.carried_after_s == pytest.approx(2.5, abs=1.0)
    assert report.back_s == pytest.approx(4.5, abs=1.5)
    assert (figures.soc_before_pct or 0.0) - (figures.soc_after_pct or 0.0) > 1.0
    assert day.states()[-3:] == ["island", "starting", "run"]
    assert 223 not in day.numbers()
    never_two_sources(day)


def test_a_test_that_fails_says_why_until_one_passes() -> None:
    day = Day(with_backup(), STEADY).until(2)
    assert day.ask(TryBackup(300.0)).ok
    day.until(4)
    day.spoil = {"relays": {"island_switch": None}}
    day.until(5)
    assert report_of(day).passed is False
    assert report_of(day).reasons == ("error 226: Island may not be separated",)
    day.spoil = {}
    day.until(10)
    assert day.states()[-1] == "run"
    assert [error.number for error in day.last.errors] == [223]
    assert day.ask(TryBackup(60.0)).ok
    day.until(15)
    assert report_of(day).passed
    assert day.last.errors == ()


def test_a_test_ends_when_somebody_says_so() -> None:
    day = Day(with_backup(), STEADY).until(2)
    assert day.ask(EndBackupTest()).reason == "no test of the backup runs"
    assert day.ask(TryBackup(600.0)).ok
    day.until(4)
    assert day.ask(TryBackup(600.0)).reason == "it needs a box that runs; it is Island"
    assert day.ask(EndBackupTest(), "cloud").ok
    day.until(5)
    assert day.states()[-1] == "run"
    assert (report_of(day).passed, report_of(day).reasons) == (False, ("cloud was asked to end",))


def test_a_grid_that_is_lost_in_a_test_is_waited_for() -> None:
    lost = profile((0, 1_500, 0, 230), (4, 1_500, 0, 3), (20, 1_500, 0, 230))
    day = Day(with_backup(), lost).until(2)
    assert day.ask(TryBackup(240.0)).ok
    day.until(19)
    assert day.states()[-1] == "island"
    day.until(25)
    assert day.states()[-1] == "run"
    assert report_of(day).passed
    assert day.plant.house.carried_wh == pytest.approx(1_500.0 * 19.0 / 60.0, abs=12.0)
    never_two_sources(day)


def test_a_low_battery_ends_a_test_and_begins_none() -> None:
    day = Day(with_backup(trial={"min_soc_pct": 59.5}), STEADY).until(2)
    assert day.ask(TryBackup(3_600.0)).ok
    day.until(8)
    assert day.states()[-1] == "run"
    assert report_of(day).reasons == ("the battery is low",)
    answer = day.ask(TryBackup(60.0))
    assert answer.reason == "the state of charge is 59 %; a test needs 59.5 %"


def test_a_test_is_begun_in_its_period_once_in_so_many_days() -> None:
    trial = {"during": [{"start": "00:05", "end": "00:40"}], "duration_s": 60.0, "every_days": 7.0}
    day = Day(with_backup(trial=trial), STEADY, step_s=1.0).until(40)
    begun = [one.now_s for one in day.told if "its backup is tested" in one.why]
    assert begun == [pytest.approx(300.0, abs=2.0)]
    assert report_of(day).by == "schedule"


@pytest.mark.parametrize("duration_s", [float("nan"), 0.0, 9.9, 3_600.1])
def test_a_test_is_as_long_as_site_toml_allows(duration_s: float) -> None:
    day = Day(with_backup(), STEADY).until(2)
    answer = day.ask(TryBackup(duration_s))
    assert (answer.ok, answer.reason) == (
        False, f"duration_s = {duration_s:g} must be between 10 and 3600"
    )  # fmt: skip
    assert day.ask(TryBackup(10.0)).ok


def test_no_test_from_afar() -> None:
    day = Day(with_backup(), STEADY).until(2)
    reason = day.ask(TryBackup(60.0), "cloud").reason
    assert reason == "a test of the backup is begun on site: the house goes dark for a moment"


def test_every_step_of_a_long_night_is_told() -> None:
    day = Day(with_backup(), NIGHT).until(37)
    whys = {
        one.why.split(": ")[1].split(",")[0].split(";")[0]
        for one in day.told
        if one.state is State.ISLAND
    }
    assert {"carries the house", "the inverter begins to make the grid"} <= whys
    assert {str(step) for step in IslandStep} == set(WAY)
