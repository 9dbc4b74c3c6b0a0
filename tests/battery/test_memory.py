"""What is known of a battery survives a restart; sleep and balancing are counted and noted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.clock import SystemClock
from appliance.config import load_site
from appliance.io.bms import FamilyError, bms_workers, load_family
from appliance.io.bms.balancing import KEEP, BalancingHistory
from appliance.io.bms.recollection import Recollection
from appliance.io.bms.sleeping import SleepCount, sleeps_by_frame
from appliance.io.relays import coils, safe_coils
from appliance.mailbox import Slots
from appliance.model import SAFE, BatteryMemory, Setpoints
from appliance.site import PinRelay, Sleep
from appliance.store import Durable, Store
from appliance.wiring import Core
from tests.battery.sites import HOME, site
from tests.battery.truth import Bench, WrongBms, battery_settings, read, real_rack
from tests.stories import battery, rack

NIGHT = datetime(2026, 6, 21, 2, tzinfo=UTC)
ASLEEP, BALANCING = Setpoints(battery_asleep=True), Setpoints(balancing=True)


def test_episodes_have_a_begin_an_end_and_what_they_helped() -> None:
    history = BalancingHistory()
    for minute, (on, spread_v) in enumerate(
        [(False, 0.04), (True, 0.04), (True, 0.02), (False, 0.008), (False, 0.008)]
    ):
        history.update(on, spread_v, NIGHT + timedelta(minutes=minute))
    (episode,) = history.episodes
    assert (episode.spread_before_v, episode.spread_after_v) == (0.04, 0.008)
    assert episode.ended_at is not None
    assert episode.ended_at - episode.began_at == timedelta(minutes=2)


def test_the_history_is_bounded() -> None:
    history = BalancingHistory()
    for number in range(2 * KEEP + 1):
        history.update(number % 2 == 0, number / 1e3, NIGHT + timedelta(hours=number))
    for number in range(200):
        history.update(number % 2 == 1, None, NIGHT + timedelta(days=9, hours=number))
    assert len(history.episodes) == KEEP
    assert len(BalancingHistory(history.episodes * 3).episodes) == KEEP


def test_only_sleep_that_is_slept_is_counted() -> None:
    count = SleepCount(100.0)
    assert not count.update(False, True, None, 0.0), "silent, but not told to"
    assert not count.update(True, False, None, 10.0), "told to, and awake"
    assert count.update(True, True, None, 20.0)
    assert count.update(True, True, None, 50.0)
    assert count.update(True, False, True, 60.0), "it says so"
    assert not count.update(False, True, None, 70.0)
    assert count.asleep_s == 140.0


def test_the_relay_is_energised_while_asleep_and_only_then() -> None:
    """A dead box, a broken wire, a relay without supply: awake."""
    home = site(sleep=Sleep(means="relay", relay="bms_sleep"))
    pin = PinRelay(driver="gpio", bus="pins", pin=5)
    with_relay = home.model_copy(update={"relays": {"bms_sleep": pin}})
    assert coils(with_relay, None, ASLEEP) == {"bms_sleep": True}
    assert coils(with_relay, None, SAFE) == {"bms_sleep": False}
    assert safe_coils(with_relay) == {"bms_sleep": False}


@pytest.mark.parametrize(
    ("name", "sleeps"), [("cbms", True), ("nbms_2_5", True), ("foxbms2", False)]
)
def test_a_family_that_has_no_frame_for_it_is_refused(name: str, sleeps: bool) -> None:
    assert sleeps_by_frame(load_family(name)) is sleeps
    battery = site(sleep=Sleep(means="frame")).battery.model_copy(update={"driver": name})
    chosen = load_site(HOME).model_copy(update={"battery": battery})
    if sleeps:
        assert bms_workers(chosen, SystemClock(), Slots.create())
    else:
        with pytest.raises(FamilyError, match="no frame"):
            bms_workers(chosen, SystemClock(), Slots.create())


def test_it_is_written_when_it_is_worth_it() -> None:
    bench = Bench(real_rack(95.0), WrongBms(90.0))
    bench.estimator = (kept := Recollection(battery_settings(), BatteryMemory()))._estimator
    writes = []
    for _ in range(600):
        reading = bench.step(-4_000.0)
        memory = kept.look(SAFE, reading, bench.now_s, NIGHT)
        if memory is not None:
            writes.append(memory)
    assert 1 <= len(writes) <= 12
    assert writes[-1].soc_delta_pct == pytest.approx(bench.remembered().soc_delta_pct, abs=0.1)


def test_it_sleeps_until_it_has_answered() -> None:
    """A core that starts just after the waking must know."""
    kept = Recollection(battery_settings(), BatteryMemory())
    awake = read(real_rack(), 50.0)
    assert kept.look(SAFE, awake, 0.0, NIGHT) is None
    memory = kept.look(ASLEEP, None, 1.0, NIGHT)
    assert memory is not None and memory.asleep
    kept.look(SAFE, None, 2.0, NIGHT)
    assert kept.memory().asleep
    kept.look(SAFE, msgspec.structs.replace(awake, asleep=True), 2.5, NIGHT)
    assert kept.memory().asleep, "it speaks in its sleep"
    kept.look(SAFE, awake, 3.0, NIGHT)
    assert not kept.memory().asleep


def test_the_bms_word_on_balancing_counts_more_than_ours() -> None:
    kept = Recollection(battery_settings(), BatteryMemory())
    told = battery(rack(cell_max_v=3.45, cell_min_v=3.41), balancing=False)
    kept.look(BALANCING, told, 0.0, NIGHT)
    assert kept.memory().balancing == ()
    kept.look(BALANCING, msgspec.structs.replace(told, balancing=None), 1.0, NIGHT)
    (episode,) = kept.memory().balancing
    assert episode.spread_before_v == pytest.approx(0.04)


def test_the_store_keeps_it_beside_what_else_it_keeps(tmp_path: Path) -> None:
    memory = BatteryMemory(soc_delta_pct=-3.2, capacities_ah=(25.0, 24.5), asleep_s=7.0)
    store = Store(tmp_path / "store.sqlite")
    assert store.recall_battery() == BatteryMemory()
    store.remember_battery(memory)
    assert store.recall() == Durable()
    store.remember(Durable(mode="passive"))
    store.close()
    store = Store(tmp_path / "store.sqlite")
    assert (store.recall().mode, store.recall_battery()) == ("passive", memory)
    store.close()


@pytest.mark.parametrize("body", [b"rubbish", b'{"soc_delta_pct": "far"}'])
def test_what_cannot_be_read_is_learnt_again(tmp_path: Path, body: bytes) -> None:
    store = Store(tmp_path / "store.sqlite")
    store._database.execute("INSERT INTO memory VALUES ('battery', ?)", (body,))
    assert store.recall_battery() == BatteryMemory()
    assert store.recall() == Durable()
    store.close()


def test_a_core_gives_a_battery_that_slept_the_time_to_wake(tmp_path: Path) -> None:
    site_file = tmp_path / "site.toml"
    site_file.write_text(HOME.read_text().replace("build/run/data", str(tmp_path)))
    for asleep in (True, False):
        store = Store(tmp_path / "store.sqlite")
        store.remember_battery(BatteryMemory(asleep=asleep))
        store.close()
        core = Core(load_site(site_file), SystemClock())
        assert core._cycle.memory.waking is asleep
