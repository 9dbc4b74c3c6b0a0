"""Peaks of the network's charges: full before, empty after, and when the system decides."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from appliance.model import Market, Wish
from appliance.modes._most import most_discharge_w
from appliance.modes._peaks import Peaks
from appliance.site.periods import Period
from tests.modes.flux_world import LONDON, at, imbalance, look, make, memory, site
from tests.stories import battery

PEAK = {"days": "weekdays", "start": "16:00", "end": "19:00", "zone": "UTC"}
MONDAY = "2026-06-01T"
ALLOWED = {"allow": True, "time_cutoff_s": 1_800.0}
Numbers = tuple[float | None, float | None, float | None]
FULL: Numbers = (5_000.0, 5_000.0, 5_000.0)
NO_CHARGE: Numbers = (None, 0.0, None)


def numbers(wish: Wish) -> Numbers:
    return wish.power_w, wish.lowest_w, wish.highest_w


def empty(
    when: str, soe_wh: float | None, *, grid_w: float | None = 0.0, volume_kwh: float | None = None,
    most_w: float = 5_000.0, **entry: Any,
) -> Wish:  # fmt: skip
    """The answer of a mode that empties to 1 kWh."""
    mode = make("dynamic_peak_discharge", entries=[{"period": PEAK, "target_soe_wh": 1_000.0} | entry])  # fmt: skip
    start_at = at(MONDAY + when).replace(minute=0, second=0)
    market = None if volume_kwh is None else imbalance(0.1, volume_kwh, start_at)
    seen = look(MONDAY + when, soe_wh=soe_wh, grid_w=grid_w, market=market)
    return mode.wish(seen, memory(most_w))


@pytest.mark.parametrize(
    ("when", "soe_wh", "volume_kwh", "expected"),
    [
        ("15:59:59", 9_000.0, 5.0, (None, None, None)),
        ("19:00:00", 9_000.0, 5.0, (None, None, None)),
        ("16:20", 1_000.0, 5.0, NO_CHARGE),
        ("16:20", 9_000.0, None, NO_CHARGE),
        ("16:20", 9_000.0, -5.0, NO_CHARGE),
        ("16:20", 9_000.0, 5.0, FULL),
        ("16:20", 9_000.0, 0.0, FULL),  # As in Flux: only a long system is waited for.
        ("16:09", 9_000.0, 5.0, NO_CHARGE),  # Nobody knows yet.
        ("17:23:59", 9_000.0, None, NO_CHARGE),  # 8 kWh take 1 h 36 min
        ("17:24:01", 9_000.0, None, FULL),
        ("18:59:59", 1_001.0, None, NO_CHARGE),
    ],
)
def test_it_waits_for_a_short_system_as_long_as_there_is_time(
    when: str, soe_wh: float, volume_kwh: float | None, expected: Numbers
) -> None:
    assert numbers(empty(when, soe_wh, volume_kwh=volume_kwh)) == expected


@pytest.mark.parametrize(
    ("grid_w", "volume_kwh", "expected"),
    [
        (600.0, None, (600.0, 600.0, 600.0)),
        (600.0, -5.0, (600.0, 600.0, 600.0)),
        (-600.0, -5.0, (None, -600.0, 0.0)),
        (-600.0, 5.0, FULL),
        (600.0, 5.0, FULL),  # 600 W for 2 h 40 min are 1600 of 4000 Wh
        (1_600.0, 5.0, (1_600.0, 1_600.0, 1_600.0)),
    ],
)
def test_the_sites_own_load_first(
    grid_w: float, volume_kwh: float | None, expected: Numbers
) -> None:
    wish = empty("16:20", 5_000.0, grid_w=grid_w, volume_kwh=volume_kwh, prioritise_residual_load=True)  # fmt: skip
    assert numbers(wish) == expected


def test_of_the_period_before_only_a_short_one_and_only_where_allowed() -> None:
    def answer(volume_kwh: float, **entry: Any) -> Numbers:
        mode = make("dynamic_peak_discharge", entries=[{"period": PEAK} | entry])
        market = imbalance(0.1, volume_kwh, MONDAY + "16:00")
        return numbers(mode.wish(look(MONDAY + "16:32", market=market), memory()))

    assert answer(5.0, short_prediction=ALLOWED) == FULL
    assert answer(-5.0, short_prediction=ALLOWED) == NO_CHARGE
    assert answer(5.0) == NO_CHARGE


def test_what_the_peak_needs_to_know() -> None:
    assert empty("16:20", None).missing == "the battery does not say how full it is"
    assert empty("15:20", None).missing == ""
    load = {"prioritise_residual_load": True}
    assert empty("16:20", 5_000.0, grid_w=None, **load).missing == "the grid meter is silent"
    assert numbers(empty("16:20", 5_000.0, grid_w=None)) == NO_CHARGE
    mode = make("dynamic_peak_discharge", entries=[{"period": PEAK}])
    assert mode.wish(look(MONDAY + "17:00", clock_trusted=False), memory()).lowest_w is None


def test_a_battery_that_may_not_discharge_is_not_divided_by() -> None:
    assert numbers(empty("18:59", 9_000.0, most_w=0.0)) == NO_CHARGE
    short = empty("18:20", 9_000.0, most_w=0.0, volume_kwh=5.0)
    assert numbers(short) == FULL  # And the limits hold it at 0 W.


def test_less_power_means_an_earlier_beginning() -> None:
    assert numbers(empty("16:19:59", 9_000.0, most_w=3_000.0)) == NO_CHARGE
    assert numbers(empty("16:20:01", 9_000.0, most_w=3_000.0)) == FULL


def test_once_it_empties_it_goes_on_although_losses_make_it_faster() -> None:
    mode = make("dynamic_peak_discharge", entries=[{"period": PEAK}])
    soe_wh, powers = 8_000.0, []
    for second in range(0, 3 * 3_600, 20):
        utc = at(MONDAY + "16:00") + timedelta(seconds=second)
        wish = mode.wish(look(utc, soe_wh=soe_wh), memory())
        powers.append(wish.power_w or 0.0)
        soe_wh = max(0.0, soe_wh - powers[-1] / 0.95 * 20.0 / 3_600.0)
    changes = [before != after for before, after in pairwise(powers)]
    assert sum(changes) == 2
    assert soe_wh == 0.0


def test_the_ramp_is_no_reason_to_begin_early() -> None:
    ramped = site(ramp_w_per_s=100.0)
    seen = look(MONDAY + "16:20", soe_wh=5_000.0)
    idle = msgspec.structs.replace(memory(most_w=10.0), decided_at_s=seen.now_s - 0.1)
    assert most_discharge_w(seen, idle, ramped) == 5_000.0
    assert most_discharge_w(seen, idle, site()) == 10.0
    mode = make("dynamic_peak_discharge", ramped, entries=[{"period": PEAK}])
    assert numbers(mode.wish(seen, idle)) == NO_CHARGE
    closed = msgspec.structs.replace(memory(most_w=0.0), decided_at_s=seen.now_s - 0.1)
    assert most_discharge_w(seen, closed, ramped) == 0.0
    held = msgspec.structs.replace(memory(most_w=2_000.0), decided_at_s=seen.now_s - 0.1)
    assert most_discharge_w(seen, held, ramped) == 2_000.0


@pytest.mark.parametrize(
    ("passed_s", "commanded_w", "left_w", "told_w", "most_w"),
    [
        (0.1, 1_000.0, 1_030.0, None, 5_000.0),
        (0.1, 1_000.0, 1_031.0, None, 1_031.0),
        (2.0, 1_000.0, 1_150.0, None, 5_000.0),
        (2.0, 1_000.0, 1_250.0, None, 1_250.0),
        (0.1, 1_000.0, 1_010.0, 3_000.0, 3_000.0),
        (0.1, 1_000.0, 1_010.0, 9_000.0, 5_000.0),
        (0.1, -4_000.0, 10.0, None, 5_000.0),
    ],
)
def test_behind_a_ramp_what_the_battery_and_the_inverter_can(
    passed_s: float, commanded_w: float, left_w: float, told_w: float | None, most_w: float
) -> None:
    seen = look(now_s=100.0)
    full = msgspec.structs.replace(battery(), max_discharge_w=told_w)
    before = msgspec.structs.replace(memory(left_w, commanded_w), decided_at_s=100.0 - passed_s)
    seen = msgspec.structs.replace(seen, battery=full)
    assert most_discharge_w(seen, before, site(ramp_w_per_s=100.0)) == most_w


APPROACH: dict[str, Any] = {
    "peak_period": PEAK, "to_soe_wh": 8_000.0, "assumed_charge_power_w": 4_000.0,
    "force_duration_factor": 1.0, "encourage_duration_factor": 2.0, "charge_cushion_s": 1_800.0,
}  # fmt: skip


def fill(when: str, soe_wh: float | None, market: Market | None = None, **entry: Any) -> Wish:
    """Full at 15:30, from 13:30 on; while the system is long from 11:30 on."""
    mode = make("dynamic_peak_approach", entries=[APPROACH | entry], charge_efficiency=1.0)
    return mode.wish(look(MONDAY + when, soe_wh=soe_wh, market=market), memory())


@pytest.mark.parametrize(
    ("when", "soe_wh", "power_w"),
    [
        ("12:59:59", 0.0, None),
        ("13:00", 0.0, None),  # 0 Wh at 13:30
        ("13:30", 0.0, -4_000.0),
        ("13:45", 1_000.0, -4_000.0),
        ("13:45", 2_000.0, None),
        ("15:00", 6_000.0, -4_000.0),
        ("15:00", 0.0, -5_000.0),
        ("15:30", 7_000.0, -2_000.0),
        ("18:30", 7_000.0, -2_000.0),  # In the peak it stands still.
        ("18:59:59", 7_999.0, -60.0),
        ("19:00", 0.0, None),
    ],
)
def test_along_the_line_to_full_before_the_peak(
    when: str, soe_wh: float, power_w: float | None
) -> None:
    wish = fill(when, soe_wh)
    assert wish.power_w == (None if power_w is None else pytest.approx(power_w))
    assert (wish.lowest_w, wish.highest_w) == (None, wish.power_w)


@pytest.mark.parametrize(
    ("volume_kwh", "full_wh", "power_w"),
    [
        (-5.0, 0.0, -3_000.0),  # 8000 Wh take 2 x 2 h; 12:30 is at 2000.
        (-5.0, 4_000.0, None),  # 4000 Wh take 2 x 1 h, from 13:30 on.
        (5.0, 0.0, None),
        (0.0, 0.0, None),
    ],
)
def test_earlier_while_the_system_is_long(
    volume_kwh: float, full_wh: float, power_w: float | None
) -> None:
    market = imbalance(0.1, volume_kwh, MONDAY + "12:00")
    wish = fill("12:10", 1_000.0, market, encourage_to_soe_wh=full_wh)
    assert wish.power_w == (None if power_w is None else pytest.approx(power_w))


def test_the_forced_line_holds_where_the_encouraged_one_wants_nothing() -> None:
    market = imbalance(0.1, -5.0, MONDAY + "15:00")
    wish = fill("15:10", 6_000.0, market, encourage_to_soe_wh=5_000.0)
    assert wish.power_w == pytest.approx(-5_000.0)
    assert wish.reason == "to be full before the peak: 8000 Wh by 15:30 UTC"
    more = fill("15:10", 6_000.0, market, encourage_to_soe_wh=9_000.0)
    assert more.reason == "the system is long: 9000 Wh by 15:30 UTC"


def test_of_the_period_before_only_a_long_one_and_only_where_allowed() -> None:
    long, short = (imbalance(0.1, kwh, MONDAY + "12:00") for kwh in (-5.0, 5.0))
    assert fill("12:32", 0.0, long, long_prediction=ALLOWED).power_w is not None
    assert fill("12:32", 0.0, long).power_w is None
    assert fill("12:32", 0.0, short, long_prediction=ALLOWED).power_w is None


def test_losses_begin_earlier_and_charge_more() -> None:
    mode = make("dynamic_peak_approach", entries=[APPROACH], charge_efficiency=0.8)
    # 8 kWh take 2.5 h: from 13:00, 1600 Wh at 13:30.
    wish = mode.wish(look(MONDAY + "13:00", soe_wh=1_200.0), memory())
    assert wish.power_w == pytest.approx(-400.0 / 0.8 * 2.0)


def test_the_second_entry_is_asked_when_the_first_wants_nothing() -> None:
    later = APPROACH | {"peak_period": {"start": "20:00", "end": "21:00", "zone": "UTC"}, "force_duration_factor": 3.0}  # fmt: skip
    mode = make("dynamic_peak_approach", entries=[APPROACH, later], charge_efficiency=1.0)
    wish = mode.wish(look(MONDAY + "15:45", soe_wh=8_500.0), memory())
    assert wish.power_w is None
    wish = mode.wish(look(MONDAY + "19:10", soe_wh=3_000.0), memory())
    assert wish.power_w == pytest.approx(-5_000.0)


def test_a_peak_just_after_midnight_is_approached_the_day_before() -> None:
    night = {"days": "tue", "start": "00:30", "end": "02:00", "zone": "UTC"}
    assert fill("22:30", 2_000.0, peak_period=night).power_w == pytest.approx(-4_000.0)
    other = {"days": "wed", "start": "00:30", "end": "02:00", "zone": "UTC"}
    assert fill("22:30", 2_000.0, peak_period=other).power_w is None


def test_what_the_approach_needs_to_know() -> None:
    assert fill("15:00", None).missing == "the battery does not say how full it is"
    assert fill("10:00", None).missing == ""
    mode = make("dynamic_peak_approach", entries=[APPROACH])
    assert mode.wish(look(MONDAY + "15:00", clock_trusted=False), memory()).power_w is None
    assert mode.wakes(look(MONDAY + "15:00", soe_wh=None), memory())
    assert not mode.wakes(look(MONDAY + "10:00", soe_wh=None), memory())
    assert make("dynamic_peak_approach").wish(look(), memory()).power_w is None


def test_the_next_peak_is_that_of_the_next_day_that_has_one() -> None:
    peaks = Peaks(Period(days="weekdays", start="16:00", end="19:00"), LONDON)
    asked = ["2026-03-27T18:59:59", "2026-03-27T19:00", "2026-03-29T12:00", "2026-03-26T00:00", "2026-10-23T18:30"]  # fmt: skip
    starts = [peak[0] for utc in asked if (peak := peaks.next(at(utc))) is not None]
    assert starts == [
        at(start)
        for start in ("2026-03-27T16:00", "2026-03-30T15:00", "2026-03-30T15:00", "2026-03-26T16:00", "2026-10-26T16:00")
    ]  # fmt: skip
