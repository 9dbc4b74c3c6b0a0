"""Double entry: every figure of the safety tables is written down here once more.

A table is easily changed by a slip of the hand, and no behaviour test pins down every figure. Whoever
changes a figure on purpose changes it in both places, and so has read it twice.
"""

from importlib import import_module
from math import inf

import pytest

from appliance.errors import ERRORS
from appliance.limits import LIMITS
from appliance.model import State
from appliance.statemachine.states import GOALS, STATES, Allows
from appliance.statemachine.transitions import TRANSITIONS

# fmt: off
ERROR_ROWS = (
    # no., severity, effects, raise after, clear after, condition, latched, derated to
    (101, "error", "stop", 1.0, 3.0, "battery_silent", False, None),
    (102, "error", "stop", 0.0, 5.0, "battery_fault", False, None),
    (103, "error", "stop", 0.5, 3.0, "battery_opened", False, None),
    (104, "critical", "stop", 10.0, 3.0, "battery_stays", False, None),
    (105, "error", "stop", 0.0, 10.0, "battery_stays_open", False, None),
    (106, "error", "stop", 0.0, 10.0, "battery_stays_asleep", False, None),
    (107, "error", "stop", 0.0, 5.0, "battery_inactive", False, None),
    (108, "critical", "open contactors", 0.2, 5.0, "live_in_maintenance", False, None),
    (109, "warning", "", 30.0, 3.0, "maintenance_waits", False, None),
    (111, "warning", "no charge", 2.0, 30.0, "cell_full", False, None),
    (112, "critical", "open contactors", 1.0, 60.0, "cell_over", True, None),
    (113, "warning", "no discharge", 2.0, 30.0, "cell_empty", False, None),
    (114, "critical", "open contactors", 1.0, 60.0, "cell_under", True, None),
    (115, "warning", "", 60.0, 10.0, "battery_critical", False, None),
    (116, "error", "no discharge", 60.0, 10.0, "battery_beyond_rescue", False, None),
    (121, "warning", "no charge", 5.0, 30.0, "cell_cold", False, None),
    (122, "error", "no charge + no discharge", 5.0, 60.0, "cell_hot", False, None),
    (123, "critical", "open contactors", 1.0, 60.0, "cell_temperature_limit", True, None),
    (124, "warning", "", 5.0, 5.0, "soc_drifts", False, None),
    (125, "warning", "", 60.0, 60.0, "degraded", False, None),
    (126, "warning", "", 10.0, 3.0, "rack_apart", False, None),
    (127, "warning", "", 60.0, 60.0, "unbalanced", False, None),
    (128, "warning", "derate", 5.0, 60.0, "current_high", False, 50.0),
    (129, "critical", "open contactors", 1.0, 60.0, "current_over", False, None),
    (130, "error", "stop", 60.0, 60.0, "far_unbalanced", False, None),
    (131, "warning", "derate", 60.0, 120.0, "cell_warm", False, 50.0),
    (132, "warning", "derate", 60.0, 60.0, "temperature_spread", False, 50.0),
    (133, "critical", "open contactors", 3.0, 60.0, "temperature_rises", True, None),
    (134, "critical", "open contactors", 5.0, 60.0, "fast_one_ignores_ban", False, None),
    (135, "critical", "open contactors", 30.0, 60.0, "slow_one_ignores_ban", False, None),
    (136, "error", "stop", 3.0, 10.0, "unheard_carries", False, None),
    (201, "error", "stop", 1.0, 3.0, "inverter_silent", False, None),
    (202, "error", "stop", 0.0, 5.0, "inverter_fault", False, None),
    (203, "error", "stop", 0.5, 3.0, "inverter_stopped", False, None),
    (204, "error", "stop", 0.0, 10.0, "start_timeout", False, None),
    (205, "error", "stop", 5.0, 10.0, "inverter_exceeds", False, None),
    (206, "error", "stop", 8.0, 10.0, "fast_one_disobeys", False, None),
    (207, "warning", "", 60.0, 10.0, "inverter_lags", False, None),
    (208, "critical", "stop", 10.0, 3.0, "inverter_stays", False, None),
    (209, "error", "stop", 60.0, 10.0, "slow_one_disobeys", False, None),
    (211, "critical", "stop", 0.0, 0.0, "grid_outlasted", True, None),
    (213, "error", "no charge + no discharge", 5.0, 10.0, "power_unknown", False, None),
    (214, "warning", "", 30.0, 10.0, "reactive_astray", False, None),
    (220, "error", "stop", 0.0, 60.0, "switch_stays_closed", False, None),
    (221, "error", "stop", 0.0, 60.0, "switch_stays_open", False, None),
    (222, "error", "stop", 0.0, 60.0, "island_overloaded", False, None),
    (223, "warning", "", 0.0, 5.0, "trial_failed", False, None),
    (224, "error", "stop", 0.5, 60.0, "forms_no_grid", False, None),
    (225, "warning", "", 0.0, 1.0, "in_an_island", False, None),
    (226, "critical", "open contactors", 0.0, 60.0, "switch_not_known_open", False, None),
    (227, "error", "stop", 0.0, 60.0, "stays_island", False, None),
    (228, "error", "stop", 3.0, 60.0, "island_out_of_bounds", False, None),
    (229, "error", "stop", 2.0, 60.0, "cannot_carry", False, None),
    (301, "error", "no charge + no discharge", 1.0, 2.0, "_grid_meter_silent", False, None),
    (302, "warning", "", 2.0, 2.0, "_pv_meter_silent", False, None),
    (303, "warning", "", 2.0, 2.0, "_meter_silent", False, None),
    (304, "warning", "", 5.0, 5.0, "_meter_warns", False, None),
    (310, "error", "stop", 1.0, 60.0, "grid_lost", False, None),
    (311, "error", "stop", 0.0, 60.0, "frequency_low", False, None),
    (312, "error", "stop", 0.0, 60.0, "frequency_high", False, None),
    (313, "error", "stop", 0.0, 60.0, "voltage_low", False, None),
    (314, "error", "stop", 0.0, 60.0, "voltage_high", False, None),
    (315, "error", "stop", 0.3, 60.0, "frequency_runs", False, None),
    (316, "critical", "stop", 2.0, 60.0, "island", False, None),
    (317, "error", "no charge", 0.0, 60.0, "import_exceeded", False, None),
    (318, "error", "no discharge", 0.0, 60.0, "export_exceeded", False, None),
    (319, "warning", "", 10.0, 10.0, "frequency_unusual", False, None),
    (320, "warning", "", 60.0, 60.0, "voltage_unusual", False, None),
    (321, "warning", "", 0.0, 10.0, "exceeded_by_others", False, None),
    (322, "warning", "", 0.0, 10.0, "grid_awaited", False, None),
    (401, "critical", "emergency stop", 0.0, 0.0, "_estop", True, None),
    (402, "error", "stop", 1.0, 3.0, "_board_silent", False, None),
    (403, "warning", "block update", 5.0, 30.0, "supply_ails", False, None),
    (404, "warning", "", 60.0, 2.0, "button_pressed", False, None),
    (501, "warning", "", 5.0, 2.0, "_sensor_silent", False, None),
    (502, "error", "no charge + no discharge", 5.0, 60.0, "_box_hot", False, None),
    (503, "warning", "", 10.0, 5.0, "fan_stands", False, None),
    (504, "warning", "", 60.0, 60.0, "condensation", False, None),
    (505, "warning", "", 5.0, 2.0, "climate_silent", False, None),
    (506, "warning", "", 2.0, 2.0, "relay_silent", False, None),
    (507, "warning", "", 5.0, 60.0, "_computer_ails", False, None),
    (508, "warning", "", 5.0, 5.0, "_wire_broken", False, None),
    (509, "warning", "", 60.0, 60.0, "box_humid", False, None),
    (510, "critical", "stop", 10.0, 300.0, "too_hot_to_work", False, None),
    (601, "warning", "", 0.0, 2.0, "_part_down", False, None),
    (602, "warning", "block update", 0.0, 2.0, "_clock_untrusted", False, None),
    (603, "error", "", 0.0, 5.0, "_memory_unwritable", False, None),
    (604, "warning", "", 10.0, 2.0, "_cloud_away", False, None),
    (605, "error", "stop", 0.0, 5.0, "_standing_still", False, None),
    (606, "warning", "block update", 5.0, 60.0, "disk_nearly_full", False, None),
    (607, "warning", "block update", 0.0, 5.0, "store_corrupt", False, None),
    (608, "warning", "", 0.0, 60.0, "worn", False, None),
    (609, "warning", "", 0.0, 5.0, "update_failed", False, None),
    (610, "warning", "", 10.0, 60.0, "can_troubled", False, None),
    (611, "warning", "", 10.0, 60.0, "polls_fail", False, None),
    (613, "warning", "", 0.0, 60.0, "_not_started_again", False, None),
    (614, "warning", "", 10.0, 5.0, "market_unread", False, None),
)
STATE_ROWS = {
    # contactors, inverter, power, update, sleep, climate, reset faults, ends process, too long
    "init": ("-----x--", (101, 201, 402)),
    "waking": ("-----x--", (106,)),
    "precharge": ("x----xx-", (105,)),
    "starting": ("xx---xx-", (204, 322)),
    "run": ("xxx--x--", ()),
    "island": ("xx---xx-", (220, 221, 224, 227)),
    "stopping": ("-----x--", (104, 109, 208)),
    "sleep": ("---xxx--", ()),
    "idle": ("---xxx--", ()),
    "maintenance": ("---x----", ()),
    "error": ("---x-xx-", ()),
    "restart": ("-------x", (613,)),
    "reboot": ("-------x", (613,)),
}
TRANSITION_ROWS = (
    ("init waking precharge starting run island stopping sleep idle maintenance", "_emergency", "error"),
    ("error maintenance idle", "_ending", "_goal"),
    ("error", "_maintenance_wanted", "maintenance"),
    ("init waking precharge starting run island stopping sleep idle", "_must_stop", "error"),
    ("error", "_may_leave_error", "init"),
    ("init", "_not_run_wanted", "stopping"),
    ("init", "_waking_wanted", "waking"),
    ("init waking", "_heard_all", "precharge"),
    ("waking precharge starting run island sleep", "_not_run_wanted", "stopping"),
    ("starting run", "_grid_lost", "island"),
    ("precharge", "_black_start", "island"),
    ("run", "_backup_tested", "island"),
    ("island", "_grid_is_back", "starting"),
    ("precharge", "_connected", "starting"),
    ("starting", "_plant_ready", "run"),
    ("run", "_empty", "sleep"),
    ("sleep idle", "_sleeper_rescued", "waking"),
    ("sleep idle", "_rescue_wanted", "precharge"),
    ("sleep", "_sleep_ends", "waking"),
    ("sleep", "_wakes", "precharge"),
    ("stopping", "_run_wanted", "precharge"),
    ("stopping", "_maintenance_wanted", "maintenance"),
    ("stopping", "_stopped_for_goal", "_goal"),
    ("idle", "_waking_wanted", "waking"),
    ("idle", "_run_wanted", "precharge"),
    ("idle", "_maintenance_wanted", "maintenance"),
    ("maintenance", "_run_wanted", "init"),
    ("maintenance", "_rest_wanted", "idle"),
    ("restart reboot", "_process_stays", "init"),
)
LIMIT_ROWS = (
    ("error", "errors", "because_errors"),
    ("battery", "bms", "because_bms"),
    ("state of charge", "soc", "because_soc"),
    ("cell voltage", "cell_voltage", "because_cell_voltage"),
    ("cell temperature", "cell_temperature", "because_cell_temperature"),
    ("current", "current", "because_current"),
    ("inverter", "inverter", "because_inverter"),
    ("apparent power", "apparent_power", "because_apparent_power"),
    ("grid connection", "connection", "because_connection"),
    ("grid code ramp", "start_ramp", "because_start_ramp"),
    ("frequency", "frequency", "because_frequency"),
    ("a rack joins", "rack_joins", "because_rack_joins"),
    ("ramp", "ramp", "because_ramp"),
    ("owner's cap", "cap", "because_cap"),
)
FIGURES = {
    "statemachine.machine.HURRIES": {'emergency stop', 'open contactors'},
    "errors.resting.CURRENT_BOUND_A": 1.0,
    "errors.resting.LEAST_V": 100.0,
    "errors.resting.KNOWN_OFF": {'off', 'fault'},
    "statemachine.transitions.STOP_TIMEOUT_S": 5.0,
    "statemachine.transitions.SLOW_TIMES": 4.0,
    "statemachine.transitions.ERROR_SETTLE_S": 3.0,
    "statemachine.transitions.LONGEST_SETTLE_S": 900.0,
    "statemachine.transitions.RAN_WELL_S": 60.0,
    "statemachine.transitions.AWAKE_S": 300.0,
    "statemachine.transitions.ASLEEP_S": 60.0,
    "statemachine.transitions.EMPTY_MARGIN_PCT": 0.5,
    "statemachine.transitions.LIVE": ('init', 'waking', 'precharge', 'starting', 'run', 'island', 'stopping', 'sleep', 'idle',),
    "statemachine.transitions.ON_THE_WAY": ('waking', 'precharge', 'starting', 'run', 'island', 'sleep',),
    "statemachine.transitions.ENDS": ('restart', 'reboot',),
    "statemachine.steps.HEIGHT": {"init": 0, "waking": 1, "precharge": 1, "starting": 2, "run": 3},
    "statemachine.steps.NEXT": {"maintenance": 'init', "init": 'precharge', "idle": 'precharge', "precharge": 'starting', "starting": 'run'},
    "statemachine.steps.DOWN": ('idle', 'maintenance',),
    "limits.row.FREE": (inf, inf,),
    "limits.row.CLOSED": (0.0, 0.0,),
    "limits.held.HOLDING": {'derate', 'emergency stop', 'no charge', 'no discharge', 'open contactors', 'stop'},
    "limits.battery.SOC_TAPER_PCT": 2.0,
    "limits.battery.JOINING_SHARE": 0.5,
    "errors.PROCESS_TIMEOUT_S": 30.0,
    "errors.NO_POWER": ('no charge', 'no discharge',),
    "errors.EMERGENCY": ('emergency stop',),
    "errors.BLOCK": ('block update',),
    "errors.DERATE": ('derate',),
    "errors.ESTOP_NUMBER": 401,
    "errors.battery.CONNECT_TIMEOUT_S": 20.0,
    "errors.battery.FIRST_ANSWER_S": 6.0,
    "errors.battery.LEAVE_S": 3.0,
    "errors.battery.UNHEARD_SHARE": 0.25,
    "errors.battery.LEAST_CELL_V": 0.5,
    "errors.battery.QUIET_C": 0.05,
    "errors.battery.NO_CURRENT_A": 1.0,
    "errors.battery.BANNED_W": 100.0,
    "errors.battery.BANNED_SHARE": 0.02,
    "errors.battery.UNASKED_W": 500.0,
    "errors.battery.NO_CHARGE": {'emergency stop', 'no charge', 'open contactors', 'stop'},
    "errors.battery.NO_DISCHARGE": {'emergency stop', 'no discharge', 'open contactors', 'stop'},
    "errors.inverter.START_TIMEOUT_S": 60.0,
    "errors.inverter.GRID_TIMES": 3.0,
    "errors.maintenance.KNOWN_OPEN": {'standby', 'fault'},
    "errors.maintenance.WAITS": ('stopping', 'idle', 'error',),
    "errors.inverter.EXCESS_W": 500.0,
    "errors.inverter.EXCESS_SHARE": 0.2,
    "errors.inverter.EXCESS_VAR": 300.0,
    "errors.inverter.FILTER_SHARE": 0.05,
    "errors.backup.NO_GRID": ('no grid', 'grid lost', 'grid failure',),
    "errors.grid.FEEDS_W": 200.0,
    "errors.grid.NOTHING_W": 50.0,
    "errors.grid.NOTHING_SHARE": 0.02,
    "errors.grid.DRIFTS": 0.5,
    "errors.grid.PART_W": 100.0,
    "errors.cells.BALANCE_SEEN_PCT": (15.0, 95.0,),
    "errors.cells.ON_ITS_WAY": ('waking', 'precharge',),
    "errors.health.DISK_BYTES": 1e8,
    "errors.health.DISK_PCT": 5.0,
    "errors.health.DISK_ENOUGH_BYTES": 1e9,
    "errors.health.INODES_PCT": 3.0,
    "errors.health.WORN_PCT": 80.0,
    "errors.health.CAN_ERRORS": 10,
    "errors.health.FAILED_PCT": 10.0,
    "errors.health.LEAST_FAILED": 5,
    "errors.critically_low.NO_CHARGE": {'emergency stop', 'no charge', 'open contactors', 'stop'},
    "errors.critically_low.LOW": 115,
    "errors.critically_low.ENOUGH": 0.5,
    "errors.critically_low.SETTLES_S": 10.0,
    "battery.rescue.IN_VAIN_S": 120.0,
    "battery.rescue.ARRIVES": 0.2,
    "error_watch.STILL_TOLD": {115, 116, 126, 614},
    "testing.SILENT_S": 10.0,
    "answers.rules.LONGEST_MANUAL_S": 3600.0,
    "answers.rules.ON_SITE": ('touchscreen', 'ctl',),
    "answers.battery.LONGEST_SLEEP_S": 2592000.0,
    "answers.battery.UNTIL_WOKEN_S": 315360000.0,
    "answers.errors.HEARD_FROM": {1: 'battery', 2: 'inverter', 4: 'board'},
    "answers.tests.LONGEST_S": 3600.0,
    "errors.AT_THE_GRID": {"grid meter", "PV meter"},
    "errors.backup.UP": ('starting', 'run',),
    "errors.backup.ON_THE_WAY_UP": ('init', 'waking', 'precharge',),
    "errors.backup.RESTING": ('error', 'idle',),
    "errors.backup.FORMS": ('forming', 'carrying',),
    "errors.backup.KNOWN_OFF": ('off', 'fault',),
    "errors.backup.GRID_ERRORS": {202, 203, 310, 311, 312, 313, 314, 315, 316},
    "errors.backup.GRACE_S": 1.5,
    "errors.backup.FAR_ERRORS": 3,
    "backup.command.RESETS": ('forming', 'leaving',),
    "backup.steps.OVERLOAD_SHARE": 1.02,
    "site.backup.TRIAL_S": (10.0, 3_600.0),
    "answers.backup.MAY_START": ('init', 'error', 'idle',),
    "battery.rescue.BEGINS": ('run', 'sleep', 'idle',),
    "battery.rescue.GOES_ON": ('run', 'sleep', 'idle', 'waking', 'precharge', 'starting',),
    "battery.joining.PAUSE_S": 30.0,
    "battery.joining.CLOSING_S": 10.0,
    "battery.joining.ASK_AFTER_S": 60.0,
    "battery.joining.ASK_AGAIN_S": 600.0,
    "battery.joining.SAG_PER_C": 0.06,
    "battery.joining.TOLD_S": 10.0,
    "battery.leaving.FALL_S": 0.8,
    "battery.leaving.OPENING_S": 2.0,
    "watches.stillness.FLOWS_W": 200.0,
    "watches.stillness.WITNESS_W": 500.0,
    "watches.stillness.WITNESS_S": 5.0,
    "watches.stillness.POLLS": 3.0,
    "watches.stillness.LEAST_KNOWN": 3,
    "watches.stillness._INVERTER": ('power_w', 'reactive_var', 'phases', 'frequency_hz', 'dc_voltage_v', 'temperature_c',),
    "watches.stillness._BATTERY": ('voltage_v', 'current_a', 'power_w', 'soc_bms_pct', 'racks',),
    "watches.grid.SLACK_S": 2.0,
    "watches.grid.LATER_S": 1.0,
    "watches.grid.MEAN_S": 600.0,
    "watches.grid.SAMPLE_S": 3.0,
    "watches.grid.FEEDS_W": 200.0,
    "watches.grid.ROCOF_WINDOW_S": 1.0,
    "watches.grid.ROCOF_SAMPLES": 5,
    "watches.grid.ROCOF_SPAN_S": 0.5,
    "watches.grid.WIRED_PU": 0.5,
    "watches.battery.WINDOW_S": 60.0,
    "watches.battery.SAMPLE_S": 1.0,
    "watches.battery.GAP_S": 10.0,
    "watches.battery.WORTH_TELLING_C": 1.0,
    "market.feed.PERIOD_S": 2.0,
    "market.feed.SILENT_AFTER_S": 60.0,
    "market.files.MOST_BYTES": 1_000_000,
    "market.documents.MOST_ITEMS": 500,
    "market.documents.MOST_STEPS": 10_000,
    "modes.cost_saving.STAYS": 5.0,
}
# fmt: on


def test_rows_of_errors() -> None:
    rows = tuple(
        (
            row.number, str(row.severity), " + ".join(row.effects), row.raise_after_s,
            row.clear_after_s, row.holds.__name__, row.latched, row.derate_pct,
        )
        for row in ERRORS
    )  # fmt: skip
    assert rows == ERROR_ROWS


def test_rows_of_states() -> None:
    fields = (
        "contactors", "inverter", "power", "update", "sleep", "climate", "reset_faults", "ends_process",
    )  # fmt: skip
    rows = {
        str(state): (
            "".join("x" if getattr(row, name) else "-" for name in fields),
            row.too_long,
        )
        for state, row in STATES.items()
    }
    assert rows == STATE_ROWS
    assert [str(goal) for goal in GOALS] == ["run", "idle", "maintenance", "restart", "reboot"]


def test_rows_of_transitions() -> None:
    rows = tuple(
        (
            " ".join(row.leave),
            row.when.__name__,
            str(row.enter) if isinstance(row.enter, State) else row.enter.__name__,
        )
        for row in TRANSITIONS
    )
    assert rows == TRANSITION_ROWS


def test_rows_of_limits() -> None:
    rows = tuple((row.name, row.caps.__name__, row.because.__name__) for row in LIMITS)
    assert rows == LIMIT_ROWS


@pytest.mark.parametrize("name", FIGURES)
def test_figures(name: str) -> None:
    module, _, figure = name.rpartition(".")
    assert getattr(import_module(f"appliance.{module}"), figure) == FIGURES[name]


def test_what_a_state_forbids_unless_it_says_otherwise() -> None:
    assert Allows("a", "b") == Allows(
        "a", "b", contactors=False, inverter=False, power=False, update=False, sleep=False,
        climate=True, reset_faults=False, ends_process=False, too_long=(),
    )  # fmt: skip
