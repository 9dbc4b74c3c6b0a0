"""Writes what differs from a set-up file, and reads it back."""

from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.registers import Registers
from appliance.io.meters._set_up import CanBeSetUp, Change, SetUpError
from appliance.io.registers import Ask
from appliance.probe.found import ProbeError, SetUpDone, WrongInputError


def set_up(
    device: CanBeSetUp, document: object, bus: Registers, ask: Ask, unit: int, write: bool
) -> SetUpDone:
    """Compare, and with `write` also change. Raises WrongInputError, ProbeError, BusError."""
    try:
        plan = device.plan(document, ask)
    except SetUpError as error:
        if error.by_device:
            raise ProbeError(str(error)) from error
        raise WrongInputError(error.mistakes) from error
    if not write:
        return SetUpDone(plan, written=False)
    moved: list[Change] = []
    for change in plan.changes:
        _write(device, change, bus, unit, moved)
        if change.moves:
            moved.append(change)
        else:
            _compare(change, ask)
    return SetUpDone(plan, written=bool(plan.changes), elsewhere=_where(moved))


def _write(
    device: CanBeSetUp, change: Change, bus: Registers, unit: int, moved: list[Change]
) -> None:
    try:
        for write in change.writes():
            bus.write(write, unit)
    except RefusedError as error:
        msg = f"{change.field} = {change.after}: {error}\n{device.refused(change)}"
        raise ProbeError(msg) from error
    except BusError as error:
        if not moved:
            raise
        msg = (
            f"{change.field} = {change.after} was not written: the meter already listens elsewhere"
            f"\nRepeat with {_where(moved)}"
        )
        raise ProbeError(msg) from error


def _compare(change: Change, ask: Ask) -> None:
    held = ask("holding", change.address, len(change.words))
    if held != change.words:
        shown = " ".join(f"0x{word:04x}" for word in held)
        msg = (
            f"{change.field} = {change.after}: the meter took it and kept {shown} at 0x{change.address:04x}"
            "\nLeave its programming menu, unlock its keypad, and repeat."
        )
        raise ProbeError(msg)


def _where(moved: list[Change]) -> str:
    """How the meter is reached from now on: it takes a new address or speed at once."""
    names = {"address": "--unit "}
    return ", ".join(f"{names.get(c.field, c.field + '=')}{c.after}" for c in moved)
