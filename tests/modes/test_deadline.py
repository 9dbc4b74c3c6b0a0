"""The next time of day by which something is to be done, and the time until it, over clock changes."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.modes._deadline import Deadline
from appliance.site.periods import Period
from tests.modes.flux_world import at

CPH = "Europe/Copenhagen"
HOUR = 3_600.0


def deadline(by: str = "06:30", days: str = "all", zone: str = CPH, *during: Period) -> Deadline:
    return Deadline(Period(days=days, start=by, end=by), during, zone)


@pytest.mark.parametrize(
    ("days", "now", "then"),
    [
        ("all", "2026-06-01T04:29", "2026-06-01T04:30"),
        ("all", "2026-06-01T04:30", "2026-06-02T04:30"),
        ("weekdays", "2026-06-05T05:00", "2026-06-08T04:30"),
        ("mon", "2026-06-01T04:30", "2026-06-08T04:30"),
        # In the night of a clock change it is still 06:30 on the wall.
        ("all", "2026-03-28T22:00", "2026-03-29T04:30"),
        ("all", "2026-10-24T21:00", "2026-10-25T05:30"),
    ],
)
def test_the_next_one(days: str, now: str, then: str) -> None:
    assert deadline(days=days).after(at(now)) == at(then)


@pytest.mark.parametrize(
    ("evening", "hours"),
    [("2026-06-01T20:30", 8.0), ("2026-03-28T21:30", 7.0), ("2026-10-24T20:30", 9.0)],
)
def test_from_half_past_ten_in_the_evening(evening: str, hours: float) -> None:
    assert deadline().left_s(at(evening)) == hours * HOUR


def test_only_what_may_be_used_counts_and_once() -> None:
    cheap = Period(start="00:00", end="04:00")
    cheaper = Period(start="03:00", end="05:00")
    late = Period(start="06:00", end="08:00")
    one = deadline("06:30", "all", CPH, cheap, cheaper, late)
    assert one.left_s(at("2026-06-01T16:00")) == 5.5 * HOUR
    assert one.left_s(at("2026-06-02T01:30")) == 2.0 * HOUR
    assert one.left_s(at("2026-06-02T03:30")) == 0.5 * HOUR
    assert one.left_s(at("2026-06-02T04:15")) == 0.25 * HOUR


def test_a_clock_that_is_set_back_is_asked_anew() -> None:
    one = deadline()
    assert one.after(at("2026-06-03T12:00")) == at("2026-06-04T04:30")
    assert one.after(at("2026-06-01T12:00")) == at("2026-06-02T04:30")


@given(st.integers(0, 366 * 24 * 60), st.sampled_from(["00:00", "02:30", "06:30", "23:59"]))
def test_it_is_ahead_and_no_further_than_a_day_with_25_hours(minutes: int, by: str) -> None:
    utc = at("2026-01-01T00:00") + timedelta(minutes=minutes)
    one = deadline(by)
    then = one.after(utc)
    assert timedelta(0) < then - utc <= timedelta(hours=25)
    assert one.left_s(utc) == (then - utc).total_seconds()
