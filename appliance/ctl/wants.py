"""What `appliance ctl` asks for, from what was typed."""

from collections.abc import Callable

from appliance.model import (
    AckErrors,
    BalanceCells,
    BeatControl,
    CapPower,
    ForceClimate,
    GoToMode,
    GoToState,
    ResetErrors,
    ResetEstop,
    SetExternal,
    SetPower,
    SleepBattery,
    State,
    Want,
)
from appliance.registry import names


def known_mode(name: str) -> str:
    """The name of a mode that this version has. Raises ValueError; whether this box has it, the box says."""
    there = sorted(names("appliance.modes"))
    if name not in there:
        msg = f"mode = {name!r} is not known; there is: {', '.join(there)}"
        raise ValueError(msg)
    return name


def _number(word: str | float | None) -> float | None:
    return None if word is None else float(word)


def want_of(what: str, words: dict[str, str | float | int | None]) -> Want:
    """The request behind a ctl command."""
    makers: dict[str, Callable[[], Want]] = {
        "mode": lambda: GoToMode(known_mode(str(words["name"]))),
        "state": lambda: GoToState(State(str(words["name"]))),
        "setpoint": lambda: SetPower(
            _number(words["power_w"]),
            float(words["duration_s"] or 0.0),
            _number(words["reactive_var"]),
        ),
        "external": lambda: SetExternal(
            _number(words["power_w"]),
            float(words["duration_s"] or 0.0),
            _number(words["reactive_var"]),
        ),
        "beat": BeatControl,
        "ack": lambda: AckErrors(None if words["number"] is None else int(words["number"])),
        "reset-estop": ResetEstop,
        "reset": lambda: ResetErrors(None if words["number"] is None else int(words["number"])),
        "cap": lambda: CapPower(_number(words["charge_w"]), _number(words["discharge_w"])),
        "sleep": lambda: SleepBattery(
            True, None if words["duration_s"] is None else float(words["duration_s"])
        ),
        "wake": lambda: SleepBattery(False),
        "climate": lambda: ForceClimate(
            str(words["actuator"]),
            None if words["percent"] is None else float(words["percent"]),
            float(words["duration_s"] or 0.0),
        ),
        "balance": lambda: BalanceCells(words["on_off"] == "on"),
    }
    return makers[what]()
