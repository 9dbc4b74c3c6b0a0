"""Regulation on the wire: an inverter that follows a second late, and a meter that is read once a second."""

import threading
import time
from collections.abc import Iterator

import pytest

from appliance.bus import CoreClient
from appliance.model import GoToMode, SetPower
from tests.live.box import LiveBox
from tests.stories import HOME

LAG_S, METER_S = 1.0, 1.0
IMPORT_W = 1_500.0
MODES = f"""
[modes.peak_shaving]
import_w = {IMPORT_W}

[modes.self_consumption]
"""
pytestmark = pytest.mark.timeout(150)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    meter = 'driver = "em24_ethernet"\nbus = "meter_lan"\nunit = 1\n'
    text = HOME.read_text()
    assert meter in text
    slow = text.replace(meter, f"{meter}poll_s = {METER_S}\nmax_age_s = 2.5\n") + MODES
    live = LiveBox(tmp_path_factory.mktemp("regulation"), site_toml=slow)
    try:
        live.start(without="gui,cloud")
        live.wait_running(30)
        live.world.set("pv_w", 0.0)
        live.world.set("load_w", 500.0)
        live.world.set("inverter_lag_s", LAG_S)
        yield live
    finally:
        live.stop()


def grids_w(box: LiveBox, seconds: float) -> list[float]:
    """True grid power, twenty times a second."""
    found, until_s = [], time.monotonic() + seconds
    while time.monotonic() < until_s:
        found.append(box.world.number("grid_w"))
        time.sleep(0.05)
    return found


def at_rest(grids: list[float]) -> list[float]:
    """The last third."""
    return grids[-(len(grids) // 3) :]


def swing_w(grids: list[float]) -> float:
    """Peak to peak at the end."""
    return max(at_rest(grids)) - min(at_rest(grids))


def mean_w(grids: list[float]) -> float:
    return sum(at_rest(grids)) / len(at_rest(grids))


def use(box: LiveBox, mode: str) -> None:
    client = CoreClient(box.run_folder, "ctl")
    try:
        answer = client.ask(GoToMode(mode))
    finally:
        client.close()
    assert answer.ok, answer.reason


def plain_loop(box: LiveBox, ended: threading.Event) -> None:
    """setpoint = grid + battery with every status, through the mode that does what it is told."""
    client = CoreClient(box.run_folder, "ctl")
    try:
        while not ended.is_set():
            status = client.status(1.0)
            if status is None:
                continue
            grid, inverter = status.snapshot.grid, status.snapshot.inverter
            if grid is not None and inverter is not None:
                power_w = (grid.power_w or 0.0) + (inverter.power_w or 0.0)
                client.send(SetPower(max(-5_000.0, min(power_w, 5_000.0)), 3.0))
            client.answers()
    finally:
        client.close()


def test_both_modes_rest_where_the_plain_loop_swings(box: LiveBox) -> None:
    grids_w(box, 5.0)
    box.world.set("load_w", 2_500.0)
    own = grids_w(box, 12.0)
    assert min(own) > -200.0
    assert abs(mean_w(own)) < 50.0
    assert swing_w(own) < 80.0

    use(box, "peak_shaving")
    box.world.set("load_w", 4_000.0)
    shaved = grids_w(box, 12.0)
    assert abs(mean_w(shaved) - IMPORT_W) < 50.0
    assert swing_w(shaved) < 80.0
    assert "to import no more than 1500 W" in box.status()["why"]

    use(box, "local_control")
    ended = threading.Event()
    thread = threading.Thread(target=plain_loop, args=(box, ended))
    thread.start()
    try:
        plain = grids_w(box, 9.0)
    finally:
        ended.set()
        thread.join(5.0)
    print(f"swing: {swing_w(own):.0f} W, {swing_w(shaved):.0f} W; plain {swing_w(plain):.0f} W")
    assert swing_w(plain) > 1_000.0
    assert swing_w(plain) > 10.0 * max(swing_w(own), swing_w(shaved))
