"""Feature flags: what the box does not have is refused with the reason, is not listed, and is not configured."""

from pathlib import Path
from typing import Any

import pytest

from appliance.config import SiteError, build_modes, load_site
from appliance.model import BalanceCells, BlackStart, GoToMode, SleepBattery, State, TryBackup, Want
from appliance.site import Features, SiteSettings, lacks, mode_lacks
from appliance.site.features import FEATURES, Feature
from tests.core.boxes import box, on_island_site
from tests.stories import HOME, Story

OFF = "the feature {0} is off (features.{0} in site.toml)"
NO_SWITCH = "nothing separates this site from the grid (backup in site.toml)"


def flagged(site: SiteSettings | None = None, **flags: Any) -> SiteSettings:
    return (site or load_site(HOME)).model_copy(update={"features": Features(**flags)})


def test_what_the_shipped_site_has_not() -> None:
    site = load_site(HOME)
    assert {name: lacks(site, name) for name in FEATURES} == {
        "cluster": OFF.format("cluster"),
        "backup": OFF.format("backup"),
        "cell_balance": "cell balancing is switched off here (battery.balancing.enabled in site.toml)",
        "grid_forming": NO_SWITCH,
        "relays": "this box has no relays (relays in site.toml)",
        "sleep": "this battery has no means to sleep (battery.sleep.means in site.toml)",
    }


def test_a_site_that_has_it_lacks_nothing() -> None:
    site = on_island_site().site
    assert [lacks(site, name) for name in ("backup", "grid_forming", "relays")] == ["", "", ""]
    assert lacks(flagged(site, backup=True, grid_forming=False), "backup") == OFF.format(
        "grid_forming"
    )
    assert lacks(flagged(site, cluster=True), "cluster") == "this version has no cluster yet"


def test_a_mode_that_it_has_not_is_refused_and_not_listed() -> None:
    story = Story().running()
    assert story.ask(GoToMode("backup")).reason == OFF.format("backup")
    assert "backup" not in build_modes(story.site)[1]
    assert story.ask(GoToMode("perpetual_motion")).reason.startswith(
        "mode = 'perpetual_motion' is not known"
    )
    with_it = on_island_site()
    assert build_modes(with_it.site)[1]["backup"] == "Backup reserve"
    assert with_it.ask(GoToMode("backup")).ok
    assert (mode_lacks(story.site, "backup"), mode_lacks(story.site, "passive")) == (
        OFF.format("backup"),
        "",
    )


@pytest.mark.parametrize("want", [TryBackup(), BlackStart()])
def test_what_needs_an_island_is_refused(want: Any) -> None:
    answer = Story().running().ask(want)
    assert (answer.ok, answer.reason) == (False, OFF.format("backup"))


def test_a_flag_switches_off_what_is_there() -> None:
    site = load_site(HOME)
    balancing = site.battery.balancing.model_copy(update={"enabled": True})
    sleep = site.battery.sleep.model_copy(update={"means": "frame"})
    battery = site.battery.model_copy(update={"balancing": balancing, "sleep": sleep})
    there = site.model_copy(update={"battery": battery})
    asked: dict[Want, Feature] = {
        BalanceCells(on=True): "cell_balance",
        SleepBattery(asleep=True): "sleep",
    }
    for want, name in asked.items():
        assert lacks(there, name) == ""
        story = Story(flagged(there, **{name: False})).running()
        assert story.ask(want).reason == OFF.format(name)


# ---------------------------------------------------------------- config check

SWITCH = """
[features]
backup = true
[backup.switch]
relay = "island_switch"
[buses.board_lan]
kind = "modbus_tcp"
host = "127.0.0.1"
port = 15099
[relays.island_switch]
driver = "waveshare"
bus = "board_lan"
unit = 1
channel = 1
"""
PIN = SWITCH.replace(
    'driver = "waveshare"\nbus = "board_lan"\nunit = 1\nchannel = 1', 'driver = "gpio"\nbus = "pins"\npin = 5'
)  # fmt: skip
# fmt: off
CONTRADICTIONS = {
    "[features]\nbackup = true\n": f"features.backup = true: {NO_SWITCH}",
    "[features]\ncluster = true\n": "features.cluster = true: this version has no cluster yet",
    "[features]\ncell_balance = true\n": "features.cell_balance = true: cell balancing is switched off here",
    "[features]\nsleep = true\n": "features.sleep = true: this battery has no means to sleep",
    "[features]\nrelays = true\n": "features.relays = true: this box has no relays",
    "[features]\ngrid_forming = true\n": f"features.grid_forming = true: {NO_SWITCH}",
    "[features]\nflying = true\n": "features.flying",
    SWITCH.replace("backup = true", "backup = false"): "backup is there, and features.backup is not true",
    SWITCH.replace('relay = "island', 'relay = "no'): "backup.switch.relay = 'no_switch' is not in relays",
    SWITCH.replace('relay = "island_switch"\n', ""): "backup.switch.relay",
    PIN: "backup.switch.relay = 'island_switch' is a pin, which cannot be read back: name a feedback input",
    PIN.replace('relay = "island_switch"\n', 'relay = "island_switch"\nfeedback = "island_open"\n'):
        "backup.switch.feedback = 'island_open' is not in board.buttons (start, stop)",
    SWITCH.replace('relay = "island_switch"\n', 'relay = "island_switch"\ncontact = "normally_closed"\n'):
        'contact = "normally_closed" needs interlocked = true',
    SWITCH + "[backup.loads.car]\nrelay = \"island_switch\"\n":
        "backup.loads.car.relay and backup.switch.relay have the same relay: island_switch",
    SWITCH.replace("[backup.switch]", "[backup]\nown_switch = true\n[backup.switch]"): "either switch, or own_switch",
    SWITCH.replace("[backup.switch]", "[backup]\nempty_pct = 50.0\n[backup.switch]"): "empty_pct = 50 must be below start_pct = 10",
    "[control]\nstart_mode = \"backup\"\n": f"control.start_mode = 'backup': {OFF.format('backup')}",
    "[[control.beside]]\nmode = \"backup\"\n": f"control.beside.0.mode = 'backup': {OFF.format('backup')}",
    "[features]\nbackup = true\n[backup]\nown_switch = true\n":
        "backup.own_switch: trumpf_ac3025 does not leave the grid by itself",
}
# fmt: on


def written(tmp_path: Path, more: str, **changes: str) -> Path:
    text = HOME.read_text()
    for before, after in changes.items():
        text = text.replace(before, after)
    path = tmp_path / "site.toml"
    path.write_text(f"{text}\n{more}")
    return path


@pytest.mark.parametrize("more", CONTRADICTIONS)
def test_contradictions_are_refused(tmp_path: Path, more: str) -> None:
    with pytest.raises(SiteError) as refused:
        load_site(written(tmp_path, more))
    assert CONTRADICTIONS[more] in str(refused.value)


def test_an_inverter_that_cannot_make_a_grid_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, SWITCH, trumpf_ac3025="sunspec")
    with pytest.raises(SiteError, match=r"backup\.switch: sunspec cannot be told to make the grid"):
        load_site(path)


@pytest.mark.parametrize("more", [SWITCH, PIN.replace(
    'relay = "island_switch"\n', 'relay = "island_switch"\nfeedback = "island_open"\n', 1)])  # fmt: skip
def test_a_site_with_a_switch_is_in_order(tmp_path: Path, more: str) -> None:
    path = written(tmp_path, more)
    path.write_text(path.read_text().replace("stop = 23 }", "stop = 23, island_open = 6 }"))
    site = load_site(path)
    assert lacks(site, "backup") == ""
    assert "backup" in build_modes(site)[0]


def test_in_an_island_the_box_still_stops() -> None:
    story = box(State.ISLAND)
    assert story.step(board=None).setpoints.grid_forming
    assert story.run(1.5).state is State.ERROR
    assert not story.last.setpoints.grid_forming
