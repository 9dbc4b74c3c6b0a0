"""Maintenance charge: due after so many days, charged and kept full in its time, then nothing until the next."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from appliance.battery.fullness import fullness, is_full
from appliance.counting.odometer import Odometer
from appliance.model import FullCharge, Memory, Moment, Snapshot, SystemInfo, Wish
from tests.modes.flux_world import at, make, site
from tests.modes.houses import house, story
from tests.stories import battery, seen

NOW = "2026-06-15T12:00"


def wish(
    full: FullCharge | None, now: str = NOW, settings: dict[str, Any] | None = None, **changes: Any
) -> Wish:
    mode = make("maintenance_charge", site(zone="Europe/Copenhagen"), **(settings or {}))
    return mode.wish(seen(utc=at(now), **changes), Memory(full=full))


def was_full(since: str, until: str, before: str | None = None) -> FullCharge:
    return FullCharge(at(since), at(until), None if before is None else at(before))


LONG_AGO = was_full("2026-05-01T10:00", "2026-05-01T13:00")


def test_it_charges_when_it_is_due_and_those_below_may_charge_faster() -> None:
    assert wish(LONG_AGO) == Wish(-1_060.0, "it is due, last full: 2026-05-01", highest_w=-1_060.0)
    assert wish(LONG_AGO, settings={"rate_w": 2_000.0}).power_w == -2_000.0
    assert wish(LONG_AGO, settings={"rate_w": 9_000.0}).power_w == -5_000.0


def test_one_that_was_never_seen_full_is_due() -> None:
    assert wish(None).reason == "it is due, last full: never"


@pytest.mark.parametrize(("now", "due"), [("2026-05-31T12:59", False), ("2026-05-31T13:00", True)])
def test_it_is_due_after_so_many_days_and_says_when(now: str, due: bool) -> None:
    answer = wish(LONG_AGO, now)
    assert (answer.power_w is not None) is due
    if not due:
        assert answer == Wish(None, "the next is due on 2026-05-31")


def test_it_waits_for_its_period() -> None:
    settings = {"during": [{"days": "weekends", "start": "10:00", "end": "16:00"}]}
    assert wish(LONG_AGO, "2026-06-15T12:00", settings) == Wish(
        None, "it is due, last full: 2026-05-01; this is not its time"
    )
    assert wish(LONG_AGO, "2026-06-14T12:00", settings).power_w == -1_060.0
    assert wish(LONG_AGO, "2026-06-14T07:59", settings).power_w is None


def test_full_it_is_kept_full_for_its_time_also_out_of_its_period() -> None:
    full = was_full("2026-06-15T11:00", NOW, "2026-05-01T13:00")
    settings = {"during": [{"start": "03:00", "end": "04:00"}]}
    for given in (None, settings):
        assert wish(full, settings=given) == Wish(
            -212.0, "it is kept full for 60 of 120 min, so that cells balance", highest_w=-212.0
        )
    done = was_full("2026-06-15T10:00", NOW, "2026-05-01T13:00")
    assert wish(done) == Wish(None, "the next is due on 2026-07-15")


def test_full_by_the_sun_before_it_was_due_is_not_held() -> None:
    assert wish(was_full("2026-06-15T11:00", NOW, "2026-06-01T13:00")).power_w is None


def test_who_takes_energy_out_of_it_ends_the_holding() -> None:
    full = was_full("2026-06-15T11:00", "2026-06-15T11:30", "2026-05-01T13:00")
    assert wish(full, "2026-06-15T12:00").power_w == -212.0
    assert wish(full, "2026-06-15T12:01").power_w is None


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"clock_trusted": False}, Wish(None, "nobody knows what time it is")),
        ({"battery": None}, Wish(missing="the battery is silent")),
    ],
)
def test_what_it_needs(changes: dict[str, Any], answer: Wish) -> None:
    assert wish(LONG_AGO, **changes) == answer


def test_a_time_in_the_future_is_none() -> None:
    assert wish(was_full("2030-01-01T00:00", "2030-01-01T01:00")).reason.endswith(
        "last full: never"
    )


def test_a_site_that_never_fills_its_battery_is_left_alone() -> None:
    whole = site()
    soc = whole.battery.soc.model_copy(update={"maximum_pct": 90.0})
    whole = whole.model_copy(update={"battery": whole.battery.model_copy(update={"soc": soc})})
    mode = make("maintenance_charge", whole)
    answer = mode.wish(seen(utc=at(NOW)), Memory())
    assert answer == Wish(None, "it is never full: the site stops at 90 %")
    assert not mode.wakes(seen(utc=at(NOW)), Memory())


# ------------------------------------------------------------------ when it was last full


@pytest.mark.parametrize(
    ("changes", "full"),
    [
        ({"full": True, "soc_pct": 90.0}, True),
        ({"full": False, "soc_pct": 100.0}, False),
        ({"soc_pct": 99.5}, True),
        ({"soc_pct": 99.4}, False),
        ({"soc_pct": None}, False),
    ],
)
def test_full_is_what_the_battery_says_else_its_state_of_charge(
    changes: dict[str, Any], full: bool
) -> None:
    assert is_full(battery(**changes)) is full
    assert not is_full(None)


def learnt(*steps: tuple[str, bool], **changes: Any) -> FullCharge | None:
    memory = Memory()
    for text, full in steps:
        memory = fullness(memory, seen(utc=at(text), battery=battery(full=full), **changes))
    return memory.full


def test_from_when_to_when_and_when_before() -> None:
    first = ("2026-05-01T10:00", True), ("2026-05-01T10:20", True), ("2026-05-01T10:21", False)
    assert learnt(*first) == was_full("2026-05-01T10:00", "2026-05-01T10:20")
    again = *first, ("2026-05-01T10:50", True)
    assert learnt(*again) == was_full("2026-05-01T10:00", "2026-05-01T10:50"), (
        "it only sank a little"
    )
    apart = *first, ("2026-05-01T10:51", True)
    assert learnt(*apart) == was_full("2026-05-01T10:51", "2026-05-01T10:51", "2026-05-01T10:20")
    assert learnt(*first, clock_trusted=False) is None


def test_a_clock_that_was_wrong_is_forgotten() -> None:
    back = ("2030-05-01T10:00", True), ("2026-05-01T10:00", True)
    assert learnt(*back) == was_full("2026-05-01T10:00", "2026-05-01T10:00")


def test_it_outlives_a_restart() -> None:
    full = was_full("2026-05-01T10:00", "2026-05-01T10:20", "2026-04-01T10:00")
    odometer = Odometer(SystemInfo())
    box = story(house())
    snapshot: Snapshot = seen(memory=msgspec.structs.replace(box.cycle.memory, full=full))
    odometer.add(Moment(snapshot, box.last))
    kept = msgspec.json.decode(msgspec.json.encode(odometer.info()), type=SystemInfo)
    assert Odometer(kept).info().full == full


def test_a_whole_course_in_the_cycle() -> None:
    """Due, charged, kept full for two minutes, then left to the modes below."""
    settings = {"hold_min": 2.0, "every_days": 1.0}
    box = story(house(maintenance_charge=settings))
    assert box.run(1.0).setpoints.power_w == -1_060.0
    box.run(100.0, battery=battery(full=True, soc_pct=99.8))
    assert box.last.setpoints.power_w == -212.0
    assert "kept full for 1 of 2 min" in box.last.why
    box.run(40.0)
    assert box.last.why == "Maintenance charge wants nothing: the next is due on 2026-06-22"
    full = box.cycle.memory.full
    assert full is not None
    assert timedelta(seconds=120) < full.until_at - full.since_at < timedelta(seconds=145)
    assert isinstance(full.since_at, datetime)
