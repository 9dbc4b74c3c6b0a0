"""The errors in the scenes, and when they are."""

from datetime import UTC, datetime, timedelta
from typing import Final

from appliance.model import ActiveError, Effect, Severity

NOW: Final = datetime(2026, 6, 18, 12, 2, tzinfo=UTC)


def error(
    number: int,
    source: str,
    severity: Severity,
    title: str,
    remedy: str,
    *effects: Effect,
    minutes: float = 3,
    by: str | None = None,
    derate_pct: float | None = None,
    latched: bool = False,
) -> ActiveError:
    """An active error raised `minutes` ago."""
    return ActiveError(
        number=number, source=source, severity=severity, title=title, remedy=remedy,
        effects=effects, since_at=NOW - timedelta(minutes=minutes), acknowledged_by=by,
        latched=latched, derate_pct=derate_pct,
    )  # fmt: skip


METER_SILENT = error(
    301, "grid meter", Severity.ERROR, "Grid meter does not answer",
    "Check the meter's network cable and supply", Effect.NO_CHARGE, Effect.NO_DISCHARGE,
)  # fmt: skip
CELL_FULL = error(
    111, "rack 1", Severity.WARNING, "A cell is full",
    "Nothing to do: charging goes on when it has settled", Effect.NO_CHARGE, minutes=21,
)  # fmt: skip
CLOCK = error(
    602, "clock", Severity.WARNING, "Clock not set", "Check the internet connection",
    minutes=2000, by="touchscreen",
)  # fmt: skip
LONG = error(
    102, "battery: overvoltage cell 2.14, insulation resistance, communication, contactor welded",
    Severity.CRITICAL, "Battery or inverter temperature at its upper limit",
    "Keep away, open the doors, check battery switch, DC fuses, grid supply and call service",
    Effect.STOP, minutes=8,
)  # fmt: skip
ESTOP = error(
    401, "emergency stop", Severity.CRITICAL, "Emergency stop",
    "Make safe, release the button, then reset", Effect.EMERGENCY_STOP, minutes=2, latched=True,
)  # fmt: skip
OVERCHARGED = error(
    112, "rack 2", Severity.CRITICAL, "A cell is overcharged", "Call service, then reset",
    Effect.OPEN_CONTACTORS, minutes=18, by="touchscreen", latched=True,
)  # fmt: skip
PROTECTION = error(
    211, "inverter: over-frequency 51.9 Hz for 0.4 s", Severity.CRITICAL, "Grid protection is suspect",
    "Have the inverter's grid protection checked, then reset", Effect.STOP, minutes=6, latched=True,
)  # fmt: skip
WARM = error(
    131, "rack 2", Severity.WARNING, "Battery is warm", "Nothing to do; check the fans and the filter",
    Effect.DERATE, minutes=9, derate_pct=50.0,
)  # fmt: skip
