"""Every text of the screen, by id. Another language is another table with the same ids.

QML reads them as `Texts.<id>`, Python through `text()`. Titles and remedies of errors, names of
modes and the `why` sentence come from the core.
"""

from typing import Final

TEXTS: Final[dict[str, str]] = {
    # rail
    "page_home": "Home",
    "page_alarms": "Alarms",
    # values
    "unknown": "–\u2009–",
    "kw": "kW",
    "percent": "%",
    # the four powers
    "solar": "Solar",
    "grid": "Grid",
    "load": "Building",
    "battery": "Battery",
    "producing": "producing",
    "no_production": "no production",
    "import": "import",
    "export": "export",
    "balanced": "balanced",
    "consuming": "consuming",
    "feeding": "feeding in",
    "no_load": "no load",
    "charging": "charging",
    "discharging": "discharging",
    "resting": "resting",
    "no_reading": "no reading",
    # inside the ring
    "ring_charging": "Charging",
    "ring_discharging": "Discharging",
    "ring_resting": "Resting",
    "ring_at_reserve": "At reserve",
    "ring_unknown": "No reading",
    "full_in": "Full in {time}",
    "reserve_in": "Reserve in {time}",
    "hours_minutes": "{hours} h {minutes:02d} min",
    "minutes": "{minutes} min",
    "over_a_day": "over a day",
    "stored": "{energy} of {capacity} kWh",
    # states of the box
    "state_init": "Starting",
    "state_starting": "Starting",
    "state_run": "Running",
    "state_stopping": "Stopping",
    "state_idle": "Idle",
    "state_sleep": "Asleep",
    "state_maintenance": "Maintenance",
    "state_error": "Fault",
    "state_restart": "Restarting",
    "state_reboot": "Rebooting",
    "state_other": "{name}",
    "state_manual": "Manual",
    "state_no_data": "No data",
    "state_connecting": "Connecting",
    "data_age": "Data {age} old",
    "clock_not_set": "clock not set",
    # the mode
    "mode": "Mode",
    "mode_title": "Mode · {by}",
    "mode_pending": "changing to {title}",
    "mode_unknown": "–\u2009–",
    "mode_choose": "Choose the mode",
    "mode_current": "in use",
    "mode_asking": "asking",
    "mode_not_changed": "Not changed: {reason}",
    "mode_none": "The controller has not said which modes there are.",
    "by_touchscreen": "chosen here",
    "by_cloud": "from the cloud",
    "by_ctl": "from the command line",
    "by_site.toml": "from site.toml",
    "by_button": "from the button",
    "by_default": "as delivered",
    "by_other": "from {who}",
    # why
    "why": "Why",
    "limited": "Limited: {limit}",
    "limit_error": "active alarm",
    "limit_battery": "battery's own limit",
    "limit_other": "{limit}",
    "why_unknown": "The controller has not said.",
    # alarms
    "alarms_title": "Alarms",
    "alarms_count": "{active} active · {unseen} to confirm",
    "alarms_count_seen": "{active} active · all confirmed",
    "alarms_none": "No active alarms",
    "alarms_none_more": "Battery, inverter, meters and box report nothing unusual.",
    "alarms_unknown": "Nothing known",
    "alarms_unknown_more": "The controller has not reported yet.",
    "alarms_previous": "Previous page",
    "alarms_next": "Next page",
    "since": "{source} · since {time}",
    "since_day": "{source} · since {day}, {time}",
    "confirm": "Confirm",
    "confirm_all": "Confirm all",
    "confirming": "asking",
    "confirmed": "Confirmed",
    "confirmed_by": "by {who}",
    "who_touchscreen": "this screen",
    "who_cloud": "the cloud",
    "who_ctl": "command line",
    "effect_no charge": "The battery does not charge.",
    "effect_no discharge": "The battery does not discharge.",
    "effect_no power": "The battery rests.",
    "effect_stop": "The battery is stopped.",
    "effect_emergency stop": "Emergency stop.",
    "banner": "{source}: {title}",
    "banner_more": "+{count}",
    # emergency stop
    "estop_since": "since {time}",
    "estop_source_since": "{what} · since {time}",
    "estop_stopped": "The battery is stopped and stays off.",
    "estop_stopping": "The battery is being stopped.",
    "estop_unconfirmed": "The stop is ordered. No reading confirms it.",
    "estop_pressed": "The button is pressed",
    "estop_released": "The button is released",
    "estop_unknown": "The button does not answer",
    "estop_no_data": "No data from the controller for {age} · reconnecting",
    "estop_battery": "Battery {power} kW",
    "estop_contactors_open": "contactors open",
    "estop_contactors_closed": "contactors closed",
    "estop_contactors_unknown": "contactors unknown",
    "reset": "Reset",
    "reset_unknown": "Reset not possible",
    "reset_hold": "Hold to reset",
    "reset_asking": "Asking …",
    "reset_not_yet": "Release the button first",
    "not_reset": "Not reset: {reason}",
    # no data
    "lost_title": "No data from the controller",
    "lost_happened": "This screen cannot see the battery. The battery's own protection and the red button still work.",
    "lost_todo": "If it lasts for minutes, switch the box off and on.",
    "lost_reconnecting": "Reconnecting",
    "lost_since": "last heard {age} ago, at {time}",
    "lost_never": "not heard since this screen started, {age} ago",
    "seconds": "{seconds} s",
    "age_minutes": "{minutes} min",
    "age_hours": "{hours} h",
    # answers
    "no_answer": "the controller does not answer",
    "not_in_use": "the controller said yes, but still uses another mode",
    "not_confirmed": "Not confirmed: {reason}",
    "close": "Close",
}


def text(key: str, **values: object) -> str:
    """The text with that id, filled in. Raises KeyError for an id that is not in the table."""
    return TEXTS[key].format(**values)


def text_or(key: str, fallback: str, **values: object) -> str:
    """The text with that id; that of `fallback` when there is none, for words the core may add."""
    return text(key if key in TEXTS else fallback, **values)
