"""How long power may go on after a fault, and which wall says so: one row per kind of trouble.

Every bound is a sum of settings and of the makers' times; nothing is measured here.
"""

from dataclasses import dataclass

from tests.chaos.places import Place

RAISE_S = 1.0
"""Errors 101, 201, 402: so long after the reading has become too old."""
READING_S = {"bms": 1.5, "meter": 1.0, "board": 1.0}
"""max_age_s of the readings (site.toml's defaults)."""
CYCLE_S = 0.6
"""A control cycle (0.1), a poll (0.1), and the longest way between two writes (0.4)."""
FIRST_LOST_S = 0.5
"""Every fifth request is lost (simulator/wire/plugs.py), and a meter is asked every 0.1 s (site.toml's default)."""
BMS_OPENS_S = 1.0
"""The BMS waits so long for the current to fall before it opens (foxBMS 2; as modelled)."""
STOP_ORDER_S = 5.0
"""The box opens contactors this long after it began to stop, at the latest: inverter 3 s, BMS request 2 s."""
DRIVER_S = 1.0
"""A driver without a decision goes to rest alone."""
EDGE_S = 0.5
"""Emergency stop: as issue 4 demands of it."""
SEES_S = 0.1
"""The observer looks at the plant every 25 ms; its looks may be late."""
SLACK_S = 0.9
"""Two shared cores and several boxes: processes may be late by so much."""


@dataclass(frozen=True)
class Bound:
    """A time, and where it comes from."""

    seconds: float
    source: str


def _sum(source: str, place: Place, *parts_s: float) -> Bound:
    return Bound(sum(parts_s) + place.falls_s + SEES_S + SLACK_S, source)


def inverter_away(place: Place) -> Bound:
    """Nobody can reach it: its own timeout, or else contactors."""
    if place.window_s:
        return _sum("the window that the inverter was given last", place, place.window_s)
    own = _sum("inverter's communication timeout", place, place.comm_timeout_s, CYCLE_S)
    opened_s = place.max_age_s + RAISE_S + STOP_ORDER_S + BMS_OPENS_S
    opens = _sum("reading too old, 201, contactors open", place, opened_s, CYCLE_S)
    return min(own, opens, key=lambda bound: bound.seconds)


def battery_away(place: Place) -> Bound:
    """The box no longer knows its battery."""
    way_s = CYCLE_S if place.times == 1.0 else 12.0
    return _sum("battery's reading too old, 101", place, READING_S["bms"], RAISE_S, way_s)


def battery_faulty(place: Place) -> Bound:
    """The BMS says so at once and opens."""
    way_s = CYCLE_S if place.times == 1.0 else 12.0
    return _sum("battery reports a fault, 102 or 103", place, RAISE_S, way_s)


def requests_away(place: Place) -> Bound:
    """The BMS does not hear the box: it opens by itself."""
    return _sum("BMS opens without requests", place, place.bms_timeout_s, BMS_OPENS_S, 0.2)


def meter_away(place: Place) -> Bound:
    """Nobody knows what flows at the connection."""
    way_s = CYCLE_S if place.times == 1.0 else 12.0
    return _sum(
        "meter's reading too old, limit of the connection", place, READING_S["meter"], way_s
    )


def meter_flaky(place: Place) -> Bound:
    """The meter answers until the first request that it loses."""
    away = meter_away(place)
    return Bound(away.seconds + FIRST_LOST_S, f"first lost request, {away.source}")


def board_away(place: Place) -> Bound:
    """Nobody knows whether the emergency stop is pressed."""
    way_s = CYCLE_S if place.times == 1.0 else 12.0
    return _sum("board's reading too old, 402", place, READING_S["board"], RAISE_S, way_s)


def emergency(place: Place) -> Bound:
    """Its edge."""
    way_s = 0.0 if place.times == 1.0 else 12.0
    return _sum("emergency stop", place, EDGE_S, way_s)


def emergency_by_contactors(place: Place) -> Bound:
    """Its edge while the inverter cannot be told: contactors within a second, and the BMS's own waiting."""
    return _sum("emergency stop, contactors", place, 2.0 * EDGE_S, BMS_OPENS_S)


def core_away(place: Place) -> Bound:
    """The inverter hears nobody, the BMS hears nobody."""
    if place.window_s:
        return _sum("the core starts again, or the window ends", place, 30.0)
    own = _sum("inverter's communication timeout", place, place.comm_timeout_s, 0.5)
    bms = _sum("BMS opens without requests", place, place.bms_timeout_s, BMS_OPENS_S)
    return min(own, bms, key=lambda bound: bound.seconds)
