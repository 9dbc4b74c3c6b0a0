"""Grid codes: every profile loads, the wait and the ramp after a start, an outlasted protection stage."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from appliance.__main__ import main
from appliance.config import GRID_CODES, SiteError, load_site
from appliance.model import (
    BatteryState,
    Decision,
    MeterReading,
    PhaseReading,
    Snapshot,
    State,
)
from appliance.watches.grid import GridWatch
from tests.stories import HOME, Story, battery, inverter, seen, with_grid_code

NAMES = sorted(path.stem for path in GRID_CODES.glob("*.toml"))
SITE = with_grid_code(load_site(HOME))


def grid(volts: float = 230.0, hertz: float = 50.0, power_w: float = 2_000.0) -> MeterReading:
    phases = tuple(PhaseReading(voltage_v=volts) for _ in range(3))
    return MeterReading(power_w=power_w, phases=phases, frequency_hz=hertz)


def put(tmp_path: Path, line: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(HOME.read_text().replace("name = ", f"{line}\nname = ", 1))
    return path


def test_the_countries_that_were_asked_for_are_there() -> None:
    assert {"en_50549_1", "vde_ar_n_4105", "dk1", "dk2", "se"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_loads_and_says_what_is_not_verified(tmp_path: Path, name: str) -> None:
    code = load_site(put(tmp_path, f'grid_code = "{name}"')).grid_code
    assert code is not None and code.trips and code.title
    for figure in (*code.trips, code.connect, code.over_frequency, code.under_frequency):
        assert figure.verified == ("recalled" not in figure.source) or "doubtful" in figure.source
    assert (code.unverified > 0) == any(
        not f.verified for f in (*code.trips, code.connect, code.over_frequency, code.under_frequency)
    )  # fmt: skip


def test_config_check_tells_what_is_not_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dk1.toml"
    put(tmp_path, 'grid_code = "dk1"').rename(path)
    assert main(["config", "check", str(path)]) == 0
    said = capsys.readouterr().out
    assert "TR 3.3.1 (Denmark west, DK1), revision 6, 2025-05-01: " in said
    assert "figures are not verified" in said


def test_an_unknown_profile_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r'grid_code = "mars": no such profile; there is: dk1, dk2'):
        load_site(put(tmp_path, 'grid_code = "mars"'))


class Watched(Story):
    """A story whose Snapshots pass the watch over the grid."""

    def __init__(self, **changes: Any) -> None:
        assert SITE.grid_code is not None
        self.watch = GridWatch(SITE.grid_code)
        super().__init__(SITE, changes={"grid": grid()} | changes)

    @override
    def step(self, passed_s: float = 0.1, **changes: Any) -> Decision:
        self.changes |= changes
        self.now_s += passed_s
        known = seen(self.now_s, **(self._obeying() | self.changes))
        known = msgspec.structs.replace(known, memory=self.cycle.memory)
        self.last = self.cycle.step(self.watch.look(known))
        return self.last


def test_the_inverter_waits_for_a_steady_grid_and_power_rises_slowly() -> None:
    story = Watched()
    decision = story.run(59.0)
    assert decision.state is State.STARTING and not decision.setpoints.inverter_on
    assert decision.setpoints.contactors_closed
    assert decision.why == "Starting: the grid has to be steady for another 1 s"
    assert story.run(2.0).state is State.RUN
    low_w = story.run(30.0).setpoints.power_w
    assert low_w == pytest.approx(0.05 * 5_000.0, abs=20.0)
    assert "the ramp after a start allows" in story.last.why


def test_a_grid_outside_its_window_starts_the_wait_anew() -> None:
    story = Watched()
    story.run(50.0)
    story.run(1.0, grid=grid(hertz=50.15))
    story.run(59.0, grid=grid())
    assert story.last.state is State.STARTING and not story.last.setpoints.inverter_on


def test_waiting_for_the_grid_is_no_failed_start() -> None:
    story = Watched()
    decision = story.run(300.0, grid=grid(volts=190.0))
    assert decision.state is State.STARTING
    numbers = [error.number for error in decision.errors]
    assert numbers == [320, 322], "only told that it is unusual, and waited for"


def test_an_inverter_that_outlasts_a_protection_stage_is_stopped_until_somebody_resets() -> None:
    assert SITE.grid_code is not None
    watch = GridWatch(SITE.grid_code)

    def look(now_s: float, volts: float, power_w: float = 3_000.0) -> tuple[str, ...]:
        known = watch.look(seen(now_s, grid=grid(volts), inverter=inverter(power_w)))
        assert known.grid_view is not None
        return known.grid_view.outlasted

    assert look(0.0, 180.0) == () and look(4.9, 180.0) == (), "3 s for the stage, 2 s of slack"
    assert look(5.1, 180.0) == ("voltage below 0.8",)
    assert look(5.2, 180.0, 0.0) == (), "it has stopped, as it should"
    story = Story().running()
    view = watch.look(seen(99.0, grid=grid())).grid_view
    assert view is not None
    outlasted = msgspec.structs.replace(view, outlasted=("voltage below 0.8",))
    decision = story.run(1.0, grid_view=outlasted)
    assert 211 in [error.number for error in decision.errors] and decision.state is State.ERROR
    decision = story.run(60.0, grid_view=None, battery=battery(state=BatteryState.STANDBY))
    assert decision.state is State.ERROR, "latched"


def test_one_dip_is_not_long_because_a_meter_is_slow() -> None:
    assert SITE.grid_code is not None
    watch, dip = GridWatch(SITE.grid_code), grid(180.0)

    def look(now_s: float, reading: MeterReading) -> tuple[str, ...]:
        view = watch.look(seen(now_s, grid=reading, inverter=inverter(3_000.0))).grid_view
        assert view is not None
        return view.outlasted

    assert all(look(0.1 * tenth, dip) == () for tenth in range(100))
    assert look(10.0, grid(180.0)) == ("voltage below 0.8",), "ten seconds later it is still low"


def test_the_mean_of_ten_minutes_has_its_own_stage() -> None:
    assert SITE.grid_code is not None
    watch = GridWatch(SITE.grid_code)
    last: Snapshot | None = None
    for second in range(700):
        last = watch.look(seen(float(second), grid=grid(254.0), inverter=inverter(3_000.0)))
        assert last.grid_view is not None
        early = last.grid_view.outlasted
        assert second > 590 or early == ()
    assert last is not None and last.grid_view is not None
    assert last.grid_view.outlasted == ("mean voltage above 1.1",)
