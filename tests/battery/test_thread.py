"""The battery's thread, on a real socket: readings completed, memory handed on, relay in time."""

from appliance.io.bms import bms_workers
from appliance.mailbox import Slots
from appliance.model import BatteryMemory, Setpoints
from tests.io import fox
from tests.io.fake_socketcand import FakeSocketcand, frame_text
from tests.io.test_bms_workers import site_on
from tests.io.threads import CLOCK, decide, pause, running, soon

KNOWN = BatteryMemory(soc_delta_pct=4.0, capacities_ah=(22.0,), asleep_s=10.0)
ASLEEP = Setpoints(battery_asleep=True)


def speak(server: FakeSocketcand) -> None:
    for _ in range(2):
        server.say(b"".join(frame_text(f.id, f.data) for f in fox.frames(0.0)))
        pause(0.02)


def test_a_reading_is_completed_with_what_is_known() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots, KNOWN)):
            assert soon(lambda: server.raw)
            speak(server)
            stamped = slots.battery.wait_newer(0, 1.0)
            assert stamped
            battery = stamped.value
            assert battery.soc_pct is not None and battery.soc_bms_pct is not None
            assert round(battery.soc_pct - battery.soc_bms_pct, 6) == 4.0
            assert battery.capacity_wh is not None
            nominal_wh = site_on(server.port).battery.capacity_wh
            assert 0.3 * nominal_wh < battery.capacity_wh < 1.3 * nominal_wh
        kept = slots.battery_memory.newest()
        assert kept and (kept.value.soc_delta_pct, kept.value.capacities_ah) == (4.0, (22.0,))


def test_its_sleep_is_counted_also_without_a_bus() -> None:
    slots = Slots.create()
    with running(bms_workers(site_on(1), CLOCK, slots, KNOWN)):
        until_s, asleep_since_s = CLOCK.now_s() + 5.0, CLOCK.now_s()
        while slots.battery_memory.newest() is None and CLOCK.now_s() < until_s:
            asleep_since_s = CLOCK.now_s()
            decide(slots, ASLEEP)
            pause(0.05)
        while CLOCK.now_s() < asleep_since_s + 0.5:
            decide(slots, ASLEEP)
            pause(0.05)
        memory = slots.battery_memory.newest()
        assert memory and memory.value.asleep
        pause(1.3)  # a dead core: without a decision it is to be awake
    kept = slots.battery_memory.newest()
    assert kept and 10.3 < kept.value.asleep_s < 11.8
    assert kept.value.soc_delta_pct == 4.0
