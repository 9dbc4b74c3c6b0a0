"""From a Status to what is written: signs, words, tones."""

import msgspec
import pytest
from msgspec.structs import replace

from appliance.gui.asks import Asked
from appliance.gui.flows import Flow
from appliance.gui.scene_errors import (
    CELL_FULL,
    CLOCK,
    ESTOP,
    METER_SILENT,
    NOW,
    OVERCHARGED,
    PROTECTION,
    WARM,
)
from appliance.gui.scenes import BY_NAME, status
from appliance.gui.view import PILL_TONES, Look, View, view
from appliance.model import (
    InverterReading,
    InverterState,
    Limits,
    ManualPower,
    RackReading,
    State,
    Status,
)
from appliance.statemachine.states import STATES

UNKNOWN = "–\u2009–"


def look(seen: Status | None, age_s: float = 0.1, asked: Asked | None = None) -> View:
    return view(Look(status=seen, age_s=age_s, utc=NOW, asked=asked or Asked()))


def told(flow: Flow) -> tuple[str, str, str, int]:
    return flow.value, flow.word, flow.arrow, flow.inward


def test_export_and_charging() -> None:
    shown = look(status(pv_w=4000.0, grid_w=-1500.0, battery_w=-1000.0))
    assert told(shown.solar) == ("4.0", "producing", "→", 1)
    assert told(shown.grid) == ("1.5", "export", "←", -1)
    assert told(shown.load) == ("1.5", "consuming", "→", -1)
    assert told(shown.battery) == ("1.0", "charging", "→", -1)
    assert (shown.ring.word, shown.ring.arrow) == ("Charging", "↓")


def test_import_and_discharging() -> None:
    shown = look(status(pv_w=-10.0, grid_w=700.0, battery_w=2000.0))
    assert told(shown.solar) == ("0.0", "no production", "", 0)
    assert told(shown.grid) == ("0.7", "import", "→", 1)
    assert told(shown.load) == ("2.7", "consuming", "→", -1)
    assert told(shown.battery) == ("2.0", "discharging", "←", 1)
    assert (shown.ring.word, shown.ring.arrow) == ("Discharging", "↑")


def test_wrong_signs_are_shown_and_not_hidden() -> None:
    shown = look(status(pv_w=-500.0, grid_w=100.0, battery_w=0.0))
    assert told(shown.solar) == ("−0.5", "consuming", "←", -1)
    assert told(shown.load) == ("−0.4", "feeding in", "←", 1)


def test_unknown_is_never_zero() -> None:
    shown = look(status(pv_w=None))
    for flow in (shown.solar, shown.load):
        assert told(flow) == (UNKNOWN, "no reading", "", 0)
        assert not flow.known
        assert flow.speed_px_s == 0.0
    assert shown.grid.known
    nothing = look(status(None, None, None, None))
    assert nothing.ring.soc == UNKNOWN
    assert nothing.ring.level == -1.0
    assert nothing.ring.word == "No reading"


def test_a_site_without_pv_still_has_a_load() -> None:
    seen = status(pv_w=None, grid_w=900.0, battery_w=600.0)
    seen = msgspec.structs.replace(seen, ages_s={"meters.grid": 0.1})
    shown = view(Look(status=seen, age_s=0.1, utc=NOW, has_pv=False))
    assert told(shown.load) == ("1.5", "consuming", "→", -1)
    assert not shown.solar.shown


def test_without_the_inverter_the_bms_says_the_battery_power() -> None:
    seen = status(battery_w=-1000.0)
    inverter = InverterReading(state=InverterState.UNKNOWN)
    seen = replace(seen, snapshot=replace(seen.snapshot, inverter=inverter))
    assert told(look(seen).battery) == ("1.0", "charging", "→", -1)
    assert look(seen).load.value == UNKNOWN


@pytest.mark.parametrize(
    ("battery_w", "soc_pct", "eta"),
    [
        (-2000.0, 50.0, "Full in 2 h 40 min"),
        (2000.0, 50.0, "Reserve in 2 h 05 min"),
        (2000.0, 9.0, ""),
        (-2000.0, 99.95, ""),
        (0.0, 50.0, ""),
    ],
)
def test_time_to_full_and_to_the_reserve(battery_w: float, soc_pct: float, eta: str) -> None:
    seen = status(battery_w=battery_w, soc_pct=soc_pct)
    shown = view(Look(status=seen, age_s=0.1, utc=NOW, battery_w=battery_w))
    assert shown.ring.eta == eta


def test_a_rack_that_is_open_holds_nothing() -> None:
    """10.6 kWh in two racks, of which one is left, half full: 2.65 kWh to go at 2 kW."""
    seen = status(battery_w=-2000.0, soc_pct=50.0)
    battery = seen.snapshot.battery
    assert battery is not None
    racks = (RackReading(1, contactors_closed=True), RackReading(2, contactors_closed=False))
    left = replace(battery, soe_wh=2_650.0, racks=racks)
    seen = replace(seen, snapshot=replace(seen.snapshot, battery=left))
    shown = view(Look(status=seen, age_s=0.1, utc=NOW, battery_w=-2000.0)).ring
    assert (shown.stored, shown.eta) == ("2.6 of 5.3 kWh", "Full in 1 h 20 min")
    both = replace(
        left, soe_wh=5_300.0, racks=(racks[0], replace(racks[1], contactors_closed=True))
    )
    seen = replace(seen, snapshot=replace(seen.snapshot, battery=both))
    shown = view(Look(status=seen, age_s=0.1, utc=NOW, battery_w=-2000.0)).ring
    assert (shown.stored, shown.eta) == ("5.3 of 10.6 kWh", "Full in 2 h 40 min")


def test_the_ring_warns_at_the_reserve() -> None:
    assert look(status(battery_w=0.0, soc_pct=10.0)).ring.low
    assert look(status(battery_w=0.0, soc_pct=10.0)).ring.word == "At reserve"
    assert not look(status(soc_pct=10.6)).ring.low
    assert look(status()).ring.reserve == pytest.approx(0.10)


def test_dots_are_faster_with_more_power_and_stand_when_old() -> None:
    assert look(status(grid_w=100.0)).grid.speed_px_s == pytest.approx(20.8)
    assert look(status(grid_w=-50_000.0)).grid.speed_px_s == pytest.approx(-60.0)
    assert look(status(grid_w=-50_000.0), age_s=1.1).grid.speed_px_s == 0.0


def test_old_values_are_grey_then_gone() -> None:
    fresh, old, lost = (look(status(), age_s=age_s) for age_s in (0.9, 3.2, 75.0))
    assert (fresh.link.live, old.link.live, lost.link.live) == (True, False, False)
    assert (fresh.link.lost, old.link.lost, lost.link.lost) == (False, False, True)
    assert (old.header.pill, old.header.pill_tone) == ("Data 3 s old", "warning")
    assert not old.solar.known
    assert old.solar.value == "3.1"
    assert lost.link.detail == "last heard 75 s ago, at 12:02"
    never = look(None, age_s=12.0)
    assert never.link.lost
    assert never.link.detail == "not heard since this screen started, 12 s ago"
    assert look(None, age_s=1.0).header.pill == "Connecting"


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_pill(state: State) -> None:
    assert look(status(state=state)).header.pill == STATES[state].title
    assert state in PILL_TONES


def test_manual_power_is_said() -> None:
    seen = status()
    manual = ManualPower(power_w=1000.0, until_s=2000.0)
    seen = replace(seen, decision=replace(seen.decision, manual=manual))
    assert look(seen).header.pill == "Manual"


def test_the_limit_in_force() -> None:
    assert look(status()).why.limit == ""
    assert look(status(binding="cell temperature")).why.limit == "Limited: cell temperature"
    assert look(status(binding="error")).why.limit == "Limited: active alarm"
    assert look(status(binding="error"), age_s=2.0).why.limit == ""
    assert Limits().binding is None


def test_the_mode_and_who_chose_it() -> None:
    shown = look(BY_NAME["idle"].status).mode
    assert (shown.title, shown.caption) == ("Passive", "Mode · from the cloud")
    pending = look(status(), asked=Asked(mode="passive"))
    assert (pending.mode.title, pending.mode.pending) == (
        "Self-consumption",
        "changing to Passive",
    )
    assert [row.name for row in pending.mode_rows if row.pending] == ["passive"]
    assert [row.name for row in pending.mode_rows if row.current] == ["self_consumption"]


def test_alarms_unconfirmed_and_worst_first() -> None:
    shown = look(status(errors=(CLOCK, CELL_FULL, METER_SILENT)))
    assert [row.number for row in shown.alarm_rows] == [301, 111, 602]
    assert shown.banner.title == "Grid meter does not answer"
    assert (shown.banner.tone, shown.banner.more) == ("fault", "+1")
    assert (shown.alarms.badge, shown.alarms.count) == ("2", "3 active · 2 to confirm")
    assert shown.alarm_rows[0].did == "The battery rests"
    assert shown.alarm_rows[0].body == "Check the meter's network cable and supply."
    assert shown.alarm_rows[0].caption == "Fault · Grid meter · since 11:59"
    assert (shown.alarm_rows[0].tone, shown.alarm_rows[0].reset) == ("fault", "")
    assert shown.alarm_rows[1].did == "No charging"
    assert shown.alarm_rows[2].did == "The battery goes on"
    assert shown.alarm_rows[2].confirmed == "by this screen"


def test_a_latched_alarm_can_be_reset_and_says_why_it_was_not() -> None:
    asked = Asked(error_refused="the cause is still there", refused_number=112)
    shown = look(status(errors=(CLOCK, OVERCHARGED, PROTECTION)), asked=asked)
    assert [row.number for row in shown.alarm_rows] == [211, 112, 602]
    suspect, overcharged, clock = shown.alarm_rows
    assert overcharged.did == "The battery is disconnected · stays until it is reset"
    assert (overcharged.reset, overcharged.can_reset) == ("Hold to reset", True)
    assert overcharged.refused == "Not reset: the cause is still there"
    assert overcharged.tone == "critical"
    assert suspect.body.startswith("Over-frequency 51.9 Hz for 0.4 s. Have the inverter's")
    assert (suspect.refused, clock.reset, clock.can_reset) == ("", "", False)
    assert shown.alarms.count == "3 active · 1 to confirm · 2 to reset"
    asking = look(
        status(errors=(OVERCHARGED,)), asked=Asked(resetting_errors=frozenset({112}))
    ).alarm_rows[0]
    assert (asking.reset, asking.can_reset) == ("Asking …", False)


def test_a_test_by_hand_is_told_with_its_end() -> None:
    shown = look(BY_NAME["test"].status)
    assert (shown.header.pill, shown.header.pill_tone) == ("Test 4:32", "warning")
    assert shown.by_hand.active
    assert shown.by_hand.strip == "Test by this screen"
    assert shown.by_hand.left == "ends by itself in 4:32"
    assert shown.by_hand.holds == "Battery −1.5 kW · pump 100 %"
    assert shown.by_hand.after == "Then: Resting"
    assert shown.by_hand.can_end
    assert not look(BY_NAME["test"].status, age_s=2.0).by_hand.can_end
    assert not look(status()).by_hand.active
    refused = look(BY_NAME["test"].status, asked=Asked(test_refused="no test runs"))
    assert refused.by_hand.refused == "Not ended: no test runs"


def test_the_emergency_stop_is_not_reset_on_the_alarms_page() -> None:
    assert look(status(errors=(ESTOP,))).alarm_rows[0].reset == ""


def test_a_derated_box_says_how_much_is_left() -> None:
    assert look(status(errors=(WARM,))).alarm_rows[0].did == "At most 50 % of the power"


def test_a_confirmed_alarm_is_no_banner_but_stays() -> None:
    shown = look(status(errors=(CLOCK,)))
    assert shown.banner.title == ""
    assert (shown.alarms.active, shown.alarms.unseen, shown.alarms.badge) == (1, 0, "1")


def test_no_alarms_and_no_knowledge_of_alarms_differ() -> None:
    assert look(status()).alarms.empty_title == "No active alarms"
    assert look(None).alarms.empty_title == "Nothing known"


def test_banner_names_the_source_unless_the_title_does() -> None:
    assert look(status(errors=(CELL_FULL,))).banner.title == "Rack 1: A cell is full"


def test_emergency_stop_says_what_is_known() -> None:
    pressed = look(BY_NAME["estop"].status).estop
    assert pressed.active
    assert not pressed.can_reset
    assert pressed.happened == "The battery is stopped and stays off."
    assert (pressed.button, pressed.label) == ("The button is pressed", "Release the button first")
    assert pressed.facts == "Battery 0.0 kW · contactors open"
    released = look(BY_NAME["estop_released"].status).estop
    assert released.can_reset
    silent = look(BY_NAME["estop_board_silent"].status).estop
    assert (silent.can_reset, silent.label) == (False, "Reset not possible")
    old = look(BY_NAME["estop_released"].status, age_s=30.0).estop
    assert old.active
    assert not old.can_reset
    assert old.happened == "The stop is ordered. No reading confirms it."
    assert not look(status(errors=(METER_SILENT,))).estop.active


def test_while_the_emergency_stop_is_latched_no_run_is_offered() -> None:
    for name in ("estop", "estop_released"):
        run, rest, maintenance = look(BY_NAME[name].status).state_rows
        assert not run.can_choose
        assert run.does == "Not now: emergency stop. Release the button, then reset it"
        assert rest.can_choose
        assert maintenance.can_choose
    run, *_ = look(BY_NAME["estop_reset"].status).state_rows
    assert run.can_choose


def test_the_goal_is_marked_and_whether_it_is_reached() -> None:
    rows = look(status()).state_rows
    assert [(row.name, row.current, row.note) for row in rows] == [
        ("run", True, "now"), ("idle", False, ""), ("maintenance", False, ""),
    ]  # fmt: skip
    rows = look(status(state=State.ERROR)).state_rows
    assert rows[0].note == "wanted"
    assert [row.name for row in look(status()).restart_rows] == ["restart", "reboot"]
    assert look(None).state_rows == ()
    assert not any(row.can_choose for row in look(status(), age_s=2.0).state_rows)


def test_emergency_stop_does_not_claim_a_standstill_that_is_not() -> None:
    seen = BY_NAME["estop"].status
    assert seen is not None
    running = InverterReading(state=InverterState.RUNNING, power_w=2500.0)
    seen = replace(seen, snapshot=replace(seen.snapshot, inverter=running))
    shown = look(seen).estop
    assert shown.happened == "The battery is being stopped."
    assert shown.facts.startswith("Battery 2.5 kW")
