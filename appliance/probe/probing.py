"""Finds the driver by its name, opens the bus, identifies, reads once. At most 10 s."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from appliance import registry
from appliance.clock import Clock, SystemClock
from appliance.probe.found import Found, WrongInputError
from appliance.probe.mistakes import NO_POWER, sentences, settings_mistakes
from appliance.probe.target import Target, read_target
from appliance.site import (
    CanBus,
    Gpio,
    I2cBus,
    Inverter,
    LxpDongle,
    LxpSerial,
    Meter,
    ModbusRtu,
    ModbusTcp,
    Sensor,
    SysFiles,
)

NAMES: Final[Mapping[str, Callable[[], frozenset[str]]]] = {
    "inverter": lambda: registry.names("appliance.io.inverters"),
    "meter": lambda: registry.names("appliance.io.meters"),
    "sensor": lambda: registry.names("appliance.io.sensors"),
    "bms": registry.bms_families,
}
"""What a name may mean: the drivers of each kind."""
FITTING: Final = {
    "inverter": ("tcp, rtu, lxp or lxprtu", ModbusTcp | ModbusRtu | LxpDongle | LxpSerial),
    "meter": ("tcp, rtu, lxp or lxprtu", ModbusTcp | ModbusRtu | LxpDongle | LxpSerial),
    "sensor": ("i2c, pigpio or files", I2cBus | SysFiles),
    "bms": ("can or socketcand", CanBus),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The command line."""

    target: str
    driver: str
    kind: str | None = None
    unit: int | None = None
    options: tuple[str, ...] = ()
    setup: Path | None = None
    yes: bool = False


def probe(asked: Asked, clock: Clock | None = None) -> Found:
    """One reading. Raises WrongInputError with every mistake of the command line, ProbeError."""
    clock = clock or SystemClock()
    options, mistakes = _options(asked.options)
    kind = _kept(lambda: _kind(asked), mistakes)
    target = _kept(lambda: read_target(asked.target), mistakes)
    document = _kept(lambda: _document(asked.setup), mistakes)
    unit = asked.unit if asked.unit is not None or target is None else target.unit
    known: dict[str, object] = {"driver": asked.driver, "bus": "probe", "options": options}
    known |= {} if unit is None else {"unit": unit}
    if asked.yes and asked.setup is None:
        mistakes.append("--yes: only with --setup FILE")
    if kind is not None:
        mistakes += _misfits(kind, asked, target, unit)
        mistakes += settings_mistakes(kind, asked.driver, known, options)
    if mistakes or kind is None or target is None:
        raise WrongInputError(dict.fromkeys(mistakes))
    try:
        return _probe(kind, target, known, options, document, asked.yes, clock)
    except ValidationError as error:
        raise WrongInputError(sentences(error)) from error
    except ValueError as error:
        raise WrongInputError([str(error)]) from error


T = TypeVar("T")


def _kept(make: Callable[[], T], mistakes: list[str]) -> T | None:
    """What is made; None, and its mistakes noted, when that is impossible."""
    try:
        return make()
    except WrongInputError as error:
        mistakes += error.mistakes
        return None


def _misfits(kind: str, asked: Asked, target: Target | None, unit: int | None) -> Iterator[str]:
    """What is right by itself and not with the rest of the command line."""
    one = f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
    schemes, buses = FITTING[kind]
    if target is not None and not isinstance(target.bus, buses):
        yield f"TARGET {asked.target!r}: {one} is on {schemes}"
    elif target is not None and isinstance(target.bus, I2cBus) and unit is None:
        yield "TARGET ?address: missing, as in i2c:///dev/i2c-1?address=0x76"
    if asked.setup is not None and kind not in ("meter", "inverter"):
        yield f"--setup: {one} cannot be set up"


def _probe(
    kind: str,
    target: Target,
    known: Mapping[str, object],
    options: Mapping[str, Any],
    document: object | None,
    write: bool,
    clock: Clock,
) -> Found:
    bus = target.bus
    # Each kind of bus has its own large libraries; a probe needs one.
    if isinstance(bus, CanBus):
        from appliance.probe.listening import hear

        return hear(str(known["driver"]), target, bus, options, clock)
    if isinstance(bus, I2cBus | SysFiles):
        from appliance.probe.sensing import sense

        return sense(Sensor.model_validate(known), target, bus, clock)
    if isinstance(bus, Gpio):
        raise WrongInputError(["TARGET: pins alone are no device"])
    from appliance.probe.registers import Device, probe_registers

    device = (
        Device.meter(Meter.model_validate(known))
        if kind == "meter"
        else Device.inverter(Inverter.model_validate({**known, **NO_POWER}))
    )
    return probe_registers(device, target, bus, document, write, clock)


def _kind(asked: Asked) -> str:
    """What the name means. Raises WrongInputError for none and for several."""
    kinds = [kind for kind, names in NAMES.items() if asked.driver in names()]
    if asked.kind is not None:
        kinds = [kind for kind in kinds if kind == asked.kind]
    if not kinds:
        there = [
            f"  {kind}: {', '.join(sorted(names()))}"
            for kind, names in NAMES.items()
            if asked.kind in (None, kind)
        ]
        raise WrongInputError([f"--driver {asked.driver!r}: no such driver; there is:", *there])
    if len(kinds) > 1:
        raise WrongInputError(
            [f"--driver {asked.driver!r} means several: add --as {' or --as '.join(kinds)}"]
        )
    return kinds[0]


def _options(pairs: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """`name=value` pairs, and mistakes; a value that is JSON (a number, true, a list) is one, all else is text."""
    mistakes = [f"--set {pair!r}: write OPTION=VALUE" for pair in pairs if "=" not in pair]
    options: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            continue
        try:
            options[name] = json.loads(text)
        except json.JSONDecodeError:
            options[name] = text
    return options, mistakes


def _document(path: Path | None) -> object | None:
    if path is None:
        return None
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongInputError([f"{path}: cannot be read: {error.strerror}"]) from error
    except ValueError as error:
        raise WrongInputError([f"{path}: is not JSON: {error}"]) from error
    if not isinstance(document, dict):
        raise WrongInputError([f"{path}: is not a JSON object"])
    return document
