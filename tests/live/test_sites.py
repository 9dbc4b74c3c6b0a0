"""Every pretend site, as `make run SITE=…` starts it: runs, follows the load both ways, survives a silent device."""

from pathlib import Path

import pytest

from tests.live.box import LiveBox, error_numbers
from tests.stories import HOME

SITES = sorted(path.stem for path in HOME.parent.glob("*.toml") if path.stem != "home")
PROFILES = HOME.parent.parent / "profiles"
SCENES = {"industrial": "factory", "commercial": "shop"}


def step_w(name: str) -> float:
    """A load that the battery of this site can carry alone."""
    return {"industrial": 60_000.0, "commercial": 6_000.0}.get(name, 2_000.0)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", SITES)
def test_a_site_runs_and_carries_power_both_ways(name: str, tmp_path: Path) -> None:
    profile = PROFILES / f"{SCENES.get(name, 'sunny')}.csv"
    text = (HOME.parent / f"{name}.toml").read_text()
    box = LiveBox(tmp_path, site_toml=text, profile=profile)
    try:
        box.start(without="gui,cloud")
        box.wait_running(60.0)
        load_w = step_w(name)
        box.world.set("pv_w", 0.0)
        box.world.set("load_w", load_w)
        box.wait(lambda s: discharges(s, 0.8 * load_w), 60.0, "discharging")
        box.world.set("pv_w", 2.0 * load_w)
        box.wait(lambda s: discharges(s, -0.8 * load_w), 60.0, "charging")
        assert not error_numbers(box.status())
        box.world.plug("meter.grid", "silent")
        box.wait(lambda s: s["setpoint_w"] == 0.0 and 301 in error_numbers(s), 30.0, "at rest")
        box.world.plug("meter.grid", "in")
        box.wait(lambda s: discharges(s, -0.8 * load_w), 60.0, "charging again")
    finally:
        box.stop()


def discharges(status: dict[str, object], power_w: float) -> bool:
    """The battery carries at least this, in its direction."""
    power = status["power"]
    assert isinstance(power, dict)
    battery_w = power["battery_w"]
    return battery_w is not None and (battery_w >= power_w if power_w > 0 else battery_w <= power_w)
