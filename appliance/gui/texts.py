"""Every text of the screen, by id, in English; other languages in appliance/locale.

QML reads them as `Texts.<id>`, Python through `text()`. Titles and remedies of errors, names of
states and modes come from the core in English and are translated by the same catalogue; the reasons
of refusals stay as the core says them.
"""

from typing import Final

from appliance.site import Language
from appliance.texts import ENGLISH, translated

TEXTS: Final[dict[str, str]] = {
    # rail
    "page_home": "Home",
    "page_alarms": "Alarms",
    # values
    "decimal_point": ".",
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
    # the box
    "state_manual": "Manual",
    "state_no_data": "No data",
    "state_connecting": "Connecting",
    "data_age": "Data {age} old",
    "clock_not_set": "clock not set",
    # the mode
    "mode": "Mode",
    "mode_title": "Mode · {by}",
    "mode_others": "+{count}",
    "mode_pending": "changing to {title}",
    "mode_unknown": "–\u2009–",
    "mode_choose": "Choose the mode",
    "mode_current": "in use",
    "mode_beside": "beside it",
    "mode_lacked": "Not here: {reason}",
    "mode_more": "More modes · {count}",
    "mode_needs_all": "All of them: {needs}",
    "mode_asking": "asking",
    "without_rests": "0 W without {inputs}",
    "without_stops": "stops without {inputs}",
    "input_battery": "battery",
    "input_inverter": "inverter",
    "input_board": "buttons",
    "input_grid": "grid meter",
    "input_pv": "PV meter",
    "input_box": "box sensor",
    "input_other": "{name}",
    "mode_not_changed": "Not changed: {reason}",
    "mode_none": "The controller has not said which modes there are.",
    "by_touchscreen": "chosen here",
    "by_cloud": "from the cloud",
    "by_ctl": "from the command line",
    "by_site.toml": "from site.toml",
    "by_schedule": "by the schedule",
    "by_button": "from the button",
    "by_default": "as delivered",
    "by_other": "from {who}",
    # the state
    "state": "State",
    "state_choose": "What the box is to do",
    "state_to_run": "Run",
    "state_to_idle": "Rest",
    "state_to_maintenance": "Maintenance",
    "state_to_restart": "Restart program (hold)",
    "state_to_reboot": "Restart computer (hold)",
    "state_does_run": "Charges and discharges as its mode wants",
    "state_does_idle": "Disconnected, no power, until somebody starts it",
    "state_does_maintenance": "Disconnected for work on it; ended here, never from afar",
    "state_does_restart": "Stops, starts anew, goes on as before",
    "state_does_reboot": "The same, with the whole computer",
    "state_barred": "Not now: emergency stop. Release the button, then reset it",
    "state_now": "Now: {what}",
    "state_there": "now",
    "state_wanted": "wanted",
    "state_asking": "asking",
    "state_not_changed": "Not changed: {reason}",
    # after an emergency stop
    "start_title": "The emergency stop is reset",
    "start_rests": "The battery rests until somebody starts it. Look first whether all is safe.",
    "start_hold": "Hold to start",
    "start_asking": "Asking …",
    "start_not_yet": "Not yet at rest",
    "start_refused": "Not started: {reason}",
    # why
    "why": "Why",
    "limited": "Limited: {limit}",
    "limit_error": "active alarm",
    "limit_battery": "battery's own limit",
    "why_wants": "{mode} wants {watts} W",
    "why_allows": "{limit} allows {watts} W",
    "why_now": "now {watts} W",
    "why_rescue": "Rescue charge",
    "why_grid_wait": "the grid has to be steady for another {seconds} s",
    "why_wants_nothing": "{mode} wants nothing",
    "why_cannot_say": "{mode} cannot say: {missing}; 0 W",
    "why_asked": "Asked, in order of priority",
    "heard_charge": "charge {watts} W",
    "heard_discharge": "discharge {watts} W",
    "heard_rest": "rest, 0 W",
    "heard_reactive": "{var} var",
    "heard_nothing": "wants nothing",
    "heard_blind": "cannot say",
    "heard_won": "followed",
    "heard_held": "holds back",
    "heard_ignored": "not heard",
    "heard_allows": "allows",
    "heard_limit": "a limit, whatever the modes want",
    "heard_exactly": "leaves nothing to the others",
    "heard_no_charge": "no charging",
    "heard_no_discharge": "no discharging",
    "heard_charge_least": "charge at least {watts} W",
    "heard_charge_most": "charge at most {watts} W",
    "heard_discharge_least": "discharge at least {watts} W",
    "heard_discharge_most": "discharge at most {watts} W",
    "why_unknown": "The controller has not said.",
    # alarms
    "alarms_title": "Alarms",
    "alarms_active": "{count} active",
    "alarms_unseen": "{count} to confirm",
    "alarms_seen": "all confirmed",
    "alarms_latched": "{count} to reset",
    "alarms_none": "No active alarms",
    "alarms_none_more": "Battery, inverter, meters and box report nothing unusual.",
    "alarms_unknown": "Nothing known",
    "alarms_unknown_more": "The controller has not reported yet.",
    "alarms_previous": "Previous page",
    "alarms_next": "Next page",
    "since": "{source} · since {time}",
    "since_day": "{source} · since {day}, {time}",
    "day_format": "%d.%m.",
    "confirm": "Confirm",
    "confirm_all": "Confirm all",
    "confirming": "asking",
    "confirmed": "Confirmed",
    "confirmed_by": "by {who}",
    "who_touchscreen": "this screen",
    "who_cloud": "the cloud",
    "who_ctl": "command line",
    "severity_warning": "Warning",
    "severity_error": "Fault",
    "severity_critical": "Critical",
    "effect_no charge": "No charging",
    "effect_no discharge": "No discharging",
    "effect_no power": "The battery rests",
    "effect_derate": "At most {percent} % of the power",
    "effect_stop": "The battery is stopped",
    "effect_open contactors": "The battery is disconnected",
    "effect_emergency stop": "Emergency stop",
    "effect_block update": "No updates",
    "effect_none": "The battery goes on",
    "latched": "stays until it is reset",
    "banner": "{source}: {title}",
    "banner_more": "+{count}",
    # a test by hand
    "test_title": "Test by hand",
    "test_pill": "Test {left}",
    "test_strip": "Test by {who}",
    "test_ends_in": "ends by itself in {left}",
    "test_mode": "Mode {mode}",
    "test_power": "Battery {power} kW",
    "test_output": "{name} {percent} %",
    "test_nothing": "Nothing is held",
    "test_walls": "All limits and alarms stand, and so does the emergency stop.",
    "test_after": "Then: {state}",
    "test_end": "End the test",
    "test_ending": "Asking …",
    "test_not_ended": "Not ended: {reason}",
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
    "not_there": "the controller said yes, but has not done it",
    "not_confirmed": "Not confirmed: {reason}",
    "close": "Close",
}


_spoken: Language = ENGLISH


def speak(language: Language) -> None:
    """Of every text from now on; a screen has one language, chosen before it is made."""
    global _spoken  # noqa: PLW0603 a hundred pure functions would else hand it down to one another
    _spoken = language


def spoken() -> Language:
    """The language of the screen."""
    return _spoken


def say(context: str, english: str) -> str:
    """Words of the core in the language of the screen."""
    return translated(context, english, _spoken)


def text(key: str, **values: object) -> str:
    """The text with that id, filled in. Raises KeyError for an id that is not in the table."""
    return say(f"screen {key}", TEXTS[key]).format(**values)


def text_or(key: str, fallback: str, **values: object) -> str:
    """The text with that id; that of `fallback` when there is none, for words the core may add."""
    return text(key if key in TEXTS else fallback, **values)
