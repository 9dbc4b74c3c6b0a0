"""Days and clock times turned into instants, on days of 23, 24 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.site.periods import Calendar, Period, Span

LONDON = "Europe/London"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str, days: str = "all", zone: str = LONDON) -> Span:
    return Span(Period(start=start, end=end, days=days), zone)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24.0), (date(2026, 3, 29), 23.0), (date(2026, 10, 25), 25.0)],
)
def test_a_whole_day_is_as_long_as_it_is(day: date, hours: float) -> None:
    start_at, end_at = span("00:00", "24:00").on(day)
    assert (end_at - start_at).total_seconds() == 3600.0 * hours


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("00:30", "01:30", 0.0), ("00:30", "02:30", 1.0), ("01:30", "02:30", 0.0), ("02:00", "03:00", 1.0)],
)  # fmt: skip
def test_in_spring_an_hour_is_left_out(start: str, end: str, hours: float) -> None:
    start_at, end_at = span(start, end).on(date(2026, 3, 29))
    assert (end_at - start_at).total_seconds() == pytest.approx(
        3600.0 * max(hours, 0.0), abs=3600.0
    )
    assert end_at >= start_at


def test_in_autumn_a_clock_time_that_comes_twice_is_the_first() -> None:
    assert span("01:30", "03:00").on(date(2026, 10, 25)) == (
        at("2026-10-25T00:30"), at("2026-10-25T03:00"),
    )  # fmt: skip


def test_the_start_is_inside_and_the_end_is_not() -> None:
    one = span("17:00", "19:00", zone="UTC")
    assert one.at(at("2026-06-01T16:59:59")) is None
    assert one.at(at("2026-06-01T17:00")) == (at("2026-06-01T17:00"), at("2026-06-01T19:00"))
    assert one.at(at("2026-06-01T18:59:59.999")) is not None
    assert one.at(at("2026-06-01T19:00")) is None


def test_across_midnight_it_belongs_to_the_day_on_which_it_starts() -> None:
    one = span("22:00", "06:00", days="fri", zone="UTC")  # 2026-06-05 is a Friday
    assert one.at(at("2026-06-05T21:59")) is None
    assert one.at(at("2026-06-06T05:59")) == (at("2026-06-05T22:00"), at("2026-06-06T06:00"))
    assert one.at(at("2026-06-06T22:30")) is None


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: at("2025-01-01") + timedelta(minutes=minutes)),
    st.sampled_from(["all", "weekdays", "weekends", "mon,thu"]),
    st.integers(0, 23), st.integers(1, 24),
    st.sampled_from(["UTC", LONDON, "America/New_York", "Australia/Lord_Howe"]),
)  # fmt: skip
def test_asked_in_any_order_the_answer_is_the_same(
    utc: datetime, days: str, start: int, end: int, zone: str
) -> None:
    one = span(f"{start:02d}:00", f"{end:02d}:00", days, zone)
    for hours in (-30, 5, -1, 0, 400, 0, -3):
        moment = utc + timedelta(hours=hours)
        found = one.at(moment)
        assert found == span(f"{start:02d}:00", f"{end:02d}:00", days, zone).at(moment)
        assert found is None or found[0] <= moment < found[1]


def test_a_year_of_weekdays_holds_on_five_days_of_seven() -> None:
    one = span("08:00", "09:00", "weekdays", "Europe/Copenhagen")
    start = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    held = [one.at(start + timedelta(hours=hour)) for hour in range(365 * 24)]
    days = {found[0].astimezone(ZoneInfo("Europe/Copenhagen")).date() for found in held if found}
    assert len(days) == 261
    assert len([one for one in held if one]) == 261


def test_the_first_period_that_holds_counts() -> None:
    calendar = Calendar(
        (Period(start="10:00", end="12:00"), Period(start="11:00", end="13:00", zone="UTC")), "UTC"
    )
    found = calendar.at(at("2026-06-01T11:30"))
    assert found is not None and found[0] == at("2026-06-01T10:00")
    assert calendar.at(at("2026-06-01T12:30")) is not None
    assert calendar.at(at("2026-06-01T13:30")) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("zone", "Mars/Phobos"), ("days", "someday"), ("days", "mon;tue"), ("start", "25:00"), ("end", "12:60"), ("start", "7:00")],
)  # fmt: skip
def test_what_nobody_understands_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Period.model_validate({field: value})
