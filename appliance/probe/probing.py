"""Finds the driver by its name, opens the bus, identifies, reads once. At most 10 s."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from appliance import registry
from appliance.clock import Clock, SystemClock
from appliance.probe.found import Found, WrongInputError
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
    """One reading. Raises WrongInputError, ProbeError."""
    clock = clock or SystemClock()
    kind = _kind(asked)
    target = read_target(asked.target)
    schemes, buses = FITTING[kind]
    if not isinstance(target.bus, buses):
        raise WrongInputError([f"TARGET {asked.target!r}: a {kind} is on {schemes}"])
    if asked.setup is not None and kind not in ("meter", "inverter"):
        raise WrongInputError([f"--setup: a {kind} cannot be set up"])
    if asked.yes and asked.setup is None:
        raise WrongInputError(["--yes: only with --setup FILE"])
    options = _options(asked.options)
    unit = asked.unit if asked.unit is not None else target.unit
    try:
        return _probe(kind, asked, target, unit, options, clock)
    except ValidationError as error:
        raise WrongInputError(_sentences(error)) from error
    except ValueError as error:
        raise WrongInputError([str(error)]) from error


def _probe(
    kind: str,
    asked: Asked,
    target: Target,
    unit: int | None,
    options: Mapping[str, Any],
    clock: Clock,
) -> Found:
    bus = target.bus
    known: dict[str, object] = {"driver": asked.driver, "bus": "probe", "options": dict(options)}
    known |= {} if unit is None else {"unit": unit}
    # Each kind of bus has its own large libraries; a probe needs one.
    if isinstance(bus, CanBus):
        from appliance.probe.listening import hear

        return hear(asked.driver, target, bus, options, clock)
    if isinstance(bus, I2cBus | SysFiles):
        if isinstance(bus, I2cBus) and unit is None:
            raise WrongInputError(["TARGET ?address: missing, as in i2c:///dev/i2c-1?address=0x76"])
        from appliance.probe.sensing import sense

        return sense(Sensor.model_validate(known), target, bus, clock)
    if isinstance(bus, Gpio):
        raise WrongInputError(["TARGET: pins alone are no device"])
    from appliance.probe.registers import Device, probe_registers

    device = (
        Device.meter(Meter.model_validate(known))
        if kind == "meter"
        # Of no account: a probe commands nothing.
        else Device.inverter(
            Inverter.model_validate(known | {"max_charge_w": 0.0, "max_discharge_w": 0.0})
        )
    )
    return probe_registers(device, target, bus, _document(asked.setup), asked.yes, clock)


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


def _options(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`name=value` pairs; a value that is JSON (a number, true, a list) is one, all else is text."""
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise WrongInputError([f"--set {pair!r}: write OPTION=VALUE" for pair in wrong])
    options: dict[str, Any] = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        try:
            options[name] = json.loads(text)
        except json.JSONDecodeError:
            options[name] = text
    return options


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


def _sentences(error: ValidationError) -> list[str]:
    lines = []
    for mistake in error.errors():
        name = ".".join(str(part) for part in mistake["loc"])
        value = mistake["input"]
        if mistake["type"] == "missing":
            lines.append(f"--set {name}=VALUE: missing, this driver needs it")
        elif mistake["type"] == "extra_forbidden":
            lines.append(f"--set {name}: this driver has no such option")
        else:
            given = f"--{name}" if name in ("unit", "driver") else f"--set {name}"
            shown = "" if isinstance(value, dict | list) else f" = {value!r}"
            lines.append(f"{given}{shown}: {mistake['msg'].removeprefix('Value error, ')}")
    return lines
