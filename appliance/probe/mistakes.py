"""What is wrong with the settings of a device that the command line gives, in sentences."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from appliance.site import Inverter, Meter, Sensor

NO_POWER: Final = {"max_charge_w": 0.0, "max_discharge_w": 0.0}
"""Of no account: a probe commands nothing."""


def settings_mistakes(
    kind: str, driver: str, known: Mapping[str, object], options: Mapping[str, Any]
) -> list[str]:
    """All that is wrong with a device's own settings and with the options of its driver."""
    checks: list[Callable[[], object]] = [lambda: _check_options(kind, driver, options)]
    if kind == "meter":
        checks.append(lambda: Meter.model_validate(known))
    elif kind == "inverter":
        checks.append(lambda: Inverter.model_validate({**known, **NO_POWER}))
    elif kind == "sensor":
        checks.append(lambda: Sensor.model_validate(known))
    return [line for check in checks for line in _told(check)]


def _check_options(kind: str, driver: str, options: Mapping[str, Any]) -> None:
    """Raises ValidationError, ValueError."""
    # Drivers bring large libraries; a probe needs those of one kind.
    if kind == "bms":
        from appliance.probe.listening import Options

        Options.model_validate(dict(options))
    elif kind == "sensor":
        from appliance.io import sensors

        sensors.options(driver, options)
    elif kind == "meter":
        from appliance.io import meters

        meters.options(driver, options)
    else:
        from appliance.io import inverters

        inverters.options(driver, options)


def _told(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except ValidationError as error:
        return sentences(error)
    except ValueError as error:
        return [str(error)]
    return []


def sentences(error: ValidationError) -> list[str]:
    """One for each mistake, in the words of the command line."""
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
