"""Requests of every kind there is, sane and absurd, from everybody: made from the words themselves.

A request that is added to the product is asked for here without another line.
"""

import types
from datetime import datetime, timedelta
from enum import Enum
from math import inf, nan
from random import Random
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from appliance.errors import ERRORS
from appliance.model import Request, State, Want, Word
from appliance.site import SiteSettings
from tests.stories import NOON

WANTS: Final = get_args(Want)
SOURCES: Final = (
    "touchscreen", "ctl", "cloud", "button", "modbus", "rest", "cluster", "", "an intruder",
)  # fmt: skip
KEYS: Final = ("", "mine", "yours")
MODES: Final = (
    "passive",
    "self_consumption",
    "local_control",
    "external_control",
    "perpetual_motion",
    "",
)
PLACES: Final = ("cloud", "local", "elsewhere")
ABSURD: Final = (nan, inf, -inf, -0.0, 0.0, -1.0, 1e18, -1e300, 5e-324)


def any_request(number: int, site: SiteSettings, rng: Random) -> Request:
    """One of any kind, from anybody."""
    asks = rng.choice(SOURCES), _word(rng.choice(WANTS), site, rng)
    return Request(
        f"r{number}", *asks, key=rng.choice(KEYS), authorised=rng.random() < 0.2,
        unauthorised="" if rng.random() < 0.9 else "the PIN is wrong",
    )  # fmt: skip


def _word(kind: Any, site: SiteSettings, rng: Random) -> Any:
    hints = get_type_hints(kind)
    return kind(**{name: _value(name, hints[name], site, rng) for name in kind.__struct_fields__})


def _instant(rng: Random) -> datetime:
    """Near the walk's own time, far from it, or without a zone."""
    at = NOON + timedelta(hours=rng.choice([rng.uniform(-2.0, 48.0), rng.randrange(0, 24)]))
    return at.replace(tzinfo=None) if rng.random() < 0.05 else at


def _value(name: str, hint: Any, site: SiteSettings, rng: Random) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        parts = get_args(hint)
        if type(None) in parts and rng.random() < 0.4:
            return None
        hint = rng.choice([part for part in parts if part is not type(None)])
    if get_origin(hint) is tuple:
        return tuple(_value(name, get_args(hint)[0], site, rng) for _ in range(rng.randrange(4)))
    if hint is datetime:
        return _instant(rng)
    return _plain(name, hint, site, rng)


def _plain(name: str, hint: Any, site: SiteSettings, rng: Random) -> Any:
    if isinstance(hint, type) and issubclass(hint, Word):
        return _word(hint, site, rng)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return rng.choice(list(hint))
    if hint is bool:
        return rng.random() < 0.5
    if hint is int:
        return rng.choice([rng.choice(ERRORS).number, rng.randrange(-1, 1000)])
    if hint is float:
        return _figure(name, site, rng)
    return _text(name, site, rng)


def _figure(name: str, site: SiteSettings, rng: Random) -> float:
    if rng.random() < 0.15:
        return rng.choice(ABSURD)
    if name.endswith("_w"):
        most_w = site.inverter.max_charge_w
        return rng.choice([most_w, -most_w, rng.uniform(-1.3, 1.3) * most_w])
    if name.endswith("_pct") or name == "percent":
        return rng.uniform(-10.0, 110.0)
    return rng.choice([1.0, 30.0, 600.0, 3_600.0, rng.uniform(-10.0, 5_000.0)])


def _text(name: str, site: SiteSettings, rng: Random) -> str:
    if name == "mode":
        return rng.choice(MODES)
    if name == "source":
        return rng.choice(PLACES)
    if name == "actuator" and site.climate is not None:
        return rng.choice([*site.climate.actuators, "nothing of ours"])
    return rng.choice(["", "x", "main", "rack 1", "é" * 40, str(State.RUN)])
