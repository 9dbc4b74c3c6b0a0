"""TARGET: a URL becomes the same bus settings that site.toml would hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import TypeAdapter, ValidationError

from appliance.probe.found import WrongInputError
from appliance.site import Bus, CanBus, Gpio, I2cBus, RegisterBus, SysFiles

Values = dict[str, object]
AnyBus = RegisterBus | CanBus | I2cBus | Gpio | SysFiles
PATIENCE_S: Final = 0.9
"""A probe may wait longer than the box would."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bus, and the device's number on it when the URL says it."""

    text: str
    bus: AnyBus
    unit: int | None


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one kind of URL is read."""

    place: Callable[[SplitResult], Values]
    """Settings from what stands before the question mark."""
    words: Mapping[str, str]
    """Key after the question mark -> name of the setting."""
    example: str
    shape: Literal["host", "path", "name", "host/bus", "host/name"] = "host"
    """What stands between :// and the question mark."""


def _host(url: SplitResult) -> Values:
    """Host, and the port when it is said."""
    return {"host": url.hostname or ""} | ({"port": url.port} if url.port else {})


def _modbus(url: SplitResult) -> Values:
    return {"kind": "modbus_tcp", "timeout_s": PATIENCE_S} | _host(url)


def _socketcand(url: SplitResult) -> Values:
    channel = url.path.strip("/") or "can0"
    return {"kind": "can", "interface": "socketcand", "channel": channel} | _host(url)


def _pigpio(url: SplitResult) -> Values:
    return {"kind": "i2c", "path": f"pigpio://{url.netloc}{url.path}"}


_TIMEOUT: Final = {"timeout": "timeout_s"}
_LINE: Final = {"baud": "baud", "parity": "parity", "stop_bits": "stop_bits", **_TIMEOUT}
SCHEMES: Final[Mapping[str, Scheme]] = {
    "tcp": Scheme(_modbus, _TIMEOUT, "tcp://192.168.1.20:502"),
    "rtu": Scheme(
        lambda url: {"kind": "modbus_rtu", "path": url.path}, _LINE, "rtu:///dev/ttyUSB0", "path"
    ),
    "can": Scheme(
        lambda url: {"kind": "can", "channel": url.netloc}, {"bitrate": "bitrate"}, "can://can0", "name"
    ),
    "socketcand": Scheme(_socketcand, {}, "socketcand://192.168.1.5:29536/can0", "host/name"),
    "i2c": Scheme(
        lambda url: {"kind": "i2c", "path": url.path}, {}, "i2c:///dev/i2c-1?address=0x76", "path"
    ),
    "pigpio": Scheme(_pigpio, {}, "pigpio://192.168.1.5:8888/1?address=0x76", "host/bus"),
    "files": Scheme(lambda url: {"kind": "files", "path": url.path}, {}, "files:///sys", "path"),
    "lxp": Scheme(
        lambda url: {"kind": "lxp_dongle"} | _host(url),
        {"dongle": "dongle_serial", "inverter": "inverter_serial", "pause": "pause_s", **_TIMEOUT},
        "lxp://192.168.1.30:8000?dongle=SERIAL&inverter=SERIAL",
    ),
    "lxprtu": Scheme(
        lambda url: {"kind": "lxp_serial", "path": url.path},
        {"inverter": "inverter_serial", "baud": "baud", **_TIMEOUT},
        "lxprtu:///dev/ttyUSB0?inverter=SERIAL", "path",
    ),
}  # fmt: skip
NUMBERS: Final = {
    "baud": int,
    "stop_bits": int,
    "bitrate": int,
    "timeout_s": float,
    "pause_s": float,
}


def read_target(text: str) -> Target:
    """The bus that a URL names. Raises WrongInputError with every mistake in it."""
    try:
        url = urlsplit(text)
        scheme = SCHEMES.get(url.scheme)
        values: Values = {} if scheme is None else scheme.place(url)
    except ValueError as error:
        raise WrongInputError([f"TARGET {text!r}: {error}"]) from error
    if scheme is None:
        there = ", ".join(f"{name}://" for name in SCHEMES)
        example = SCHEMES["tcp"].example
        raise WrongInputError([f"TARGET {text!r}: write it as {example}; allowed: {there}"])
    wanted = _wanted(url, scheme, text)
    if wanted:
        raise WrongInputError([f"TARGET {text!r}: {wanted}"])
    mistakes: list[str] = []
    unit = _take_words(url, scheme, values, mistakes)
    bus = _bus(scheme, values, mistakes)
    if bus is None or mistakes:
        raise WrongInputError(mistakes)
    return Target(text, bus, unit)


def _wanted(url: SplitResult, scheme: Scheme, text: str) -> str:
    """How it is written rightly; empty when it is."""
    path = url.path.strip("/")
    if scheme.shape == "path":
        if url.path.startswith("/") and path and not url.netloc:
            return ""
        place = f"{url.scheme}:///{'/'.join(part for part in (url.netloc, path) if part)}"
        known = place if path else scheme.example
        return f"a path begins with a third slash: write it as {known}"
    if "://" not in text:
        return f"// is missing: write it as {scheme.example}"
    right = {
        "name": bool(url.netloc) and not path,
        "host/bus": bool(url.hostname) and path.isdecimal(),
        "host/name": bool(url.hostname),
        "host": bool(url.hostname) and not path,
    }[scheme.shape]
    return "" if right else f"write it as {scheme.example}"


def _take_words(
    url: SplitResult, scheme: Scheme, values: Values, mistakes: list[str]
) -> int | None:
    """What stands after the question mark goes into `values`; the device's number is returned."""
    unit = None
    for key, value in parse_qsl(url.query, keep_blank_values=True):
        if key in ("address", "unit"):
            unit = _unit(key, value, mistakes)
        elif key in scheme.words:
            name = scheme.words[key]
            values[name] = _number(NUMBERS[name], value) if name in NUMBERS else value
        else:
            known = ", ".join([*scheme.words, "unit"])
            mistakes.append(f"TARGET ?{key}: unknown; allowed: {known}")
    return unit


def _bus(scheme: Scheme, values: Values, mistakes: list[str]) -> AnyBus | None:
    try:
        bus: AnyBus = TypeAdapter(Bus).validate_json(json.dumps(values))
    except ValidationError as error:
        named = {name: key for key, name in scheme.words.items()}
        for mistake in error.errors():
            name = str(mistake["loc"][-1])
            reason = "missing" if mistake["type"] == "missing" else mistake["msg"]
            mistakes.append(f"TARGET {named.get(name, name)} = {values.get(name)!r}: {reason}")
        return None
    return bus


def _unit(key: str, value: str, mistakes: list[str]) -> int | None:
    try:
        return int(value, 0)
    except ValueError:
        mistakes.append(f"TARGET {key} = {value!r}: allowed: 0 to 255, or 0x00 to 0xff")
        return None


def _number(kind: Callable[[str], float], text: str) -> object:
    """The number, or the text for pydantic to refuse."""
    try:
        return kind(text)
    except ValueError:
        return text
