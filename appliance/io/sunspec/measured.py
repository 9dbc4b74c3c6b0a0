"""Which points of an inverter are read, and what they are called here. Power and current: discharge +."""

from typing import Final

from appliance.io.registers import Register, Values
from appliance.io.sunspec.device import Device
from appliance.io.sunspec.model import ROUNDING, Model, Wanted

INVERTERS: Final = (701, 103, 102, 101, 113, 112, 111)
"""Models of measurements at the AC terminals, best first."""
PERCENT: Final = 0.01
ESS, BIDIRECTIONAL = 1, 5
"""Kinds of DC ports that are a battery's (714 PrtTyp)."""


def _fast(point: str, name: str, factor: float = 1.0) -> Wanted:
    return Wanted(point, name, slow=False, factor=factor)


NEW: Final = (
    _fast("St", "on"),
    _fast("InvSt", "inverter_state"),
    _fast("ConnSt", "connected"),
    _fast("Alrm", "Alrm"),
    _fast("DERMode", "der_mode"),
    _fast("W", "power_w"),
    _fast("VA", "apparent_va"),
    _fast("Var", "reactive_var"),
    _fast("PF", "power_factor"),
    _fast("Hz", "frequency_hz"),
    *(Wanted(f"Tmp{place}", f"tmp_{place}_c") for place in ("Cab", "Snk", "Trns", "Sw", "Ot")),
    *(Wanted(f"WL{line}", f"l{line}_w") for line in (1, 2, 3)),
    *(Wanted(f"VarL{line}", f"l{line}_var") for line in (1, 2, 3)),
    *(Wanted(f"AL{line}", f"l{line}_a") for line in (1, 2, 3)),
    *(Wanted(f"VL{line}", f"l{line}_v") for line in (1, 2, 3)),
)
OLD: Final = (
    _fast("St", "old_state"),
    *(_fast(f"Evt{number}", f"Evt{number}") for number in (1, 2)),
    *(_fast(f"EvtVnd{number}", f"EvtVnd{number}") for number in (1, 2, 3, 4)),
    _fast("W", "power_w"),
    _fast("VA", "apparent_va"),
    _fast("VAr", "reactive_var"),
    _fast("PF", "power_factor", PERCENT),
    _fast("Hz", "frequency_hz"),
    *(_fast(f"Tmp{place}", f"tmp_{place}_c") for place in ("Cab", "Snk", "Trns", "Ot")),
    *(_fast(f"Aph{phase}", f"l{line}_a") for line, phase in enumerate("ABC", 1)),
    *(_fast(f"PhVph{phase}", f"l{line}_v") for line, phase in enumerate("ABC", 1)),
)
OLD_DC: Final = (
    _fast("DCA", "dc_current_a"),
    _fast("DCV", "dc_voltage_v"),
    _fast("DCW", "dc_power_w"),
)
TOTAL_DC: Final = (Wanted("DCA", "dc_current_a"), Wanted("DCW", "dc_power_w"))
VOLTAGE_DC: Final = (Wanted("DCV", "dc_voltage_v"),)


def power_factor(values: Values) -> float | None:
    """The device's power factor; None when there is none, or it cannot be true."""
    factor = values.get("power_factor")
    return factor if factor is not None and abs(factor) <= 1.0 + ROUNDING else None


def rows(device: Device, ac: Model) -> tuple[Register, ...]:
    """Everything that is read of an inverter with these models."""
    if ac.definition.id == 701:
        return ac.rows(NEW) + _dc(device)
    return ac.rows(OLD) + (_dc(device) or ac.rows(OLD_DC))


def _dc(device: Device) -> tuple[Register, ...]:
    """Its battery's DC port; else the whole DC side, with the voltage of the first port."""
    ports = device.first(714)
    if ports is not None and ports.groups:
        kinds = [_kind(ports, group) for group in range(ports.groups)]
        batteries = [n for n, kind in enumerate(kinds) if kind in (ESS, BIDIRECTIONAL)]
        if len(batteries) == 1:
            return ports.rows(TOTAL_DC + VOLTAGE_DC, batteries[0])
        return ports.rows(TOTAL_DC) + ports.rows(VOLTAGE_DC, (batteries or [0])[0])
    strings = device.first(160)
    if strings is not None and strings.groups and device.first(*INVERTERS[1:]) is None:
        return strings.rows(VOLTAGE_DC, 0)
    old = device.first(*INVERTERS[1:])
    return () if old is None else old.rows(OLD_DC)


def _kind(ports: Model, group: int) -> int | None:
    number = ports.number("PrtTyp", group)
    return None if number is None else int(number)
