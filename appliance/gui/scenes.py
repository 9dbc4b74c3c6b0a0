"""Situations the screen must look good in: hand-made statuses, as data."""

from typing import Final, get_args

from msgspec.structs import replace

from appliance.gui.scene_errors import (
    CELL_FULL,
    CLOCK,
    ESTOP,
    LONG,
    METER_SILENT,
    NOW,
    OVERCHARGED,
    PROTECTION,
    WARM,
)
from appliance.gui.scene_modes import (
    BLIND,
    BLIND_WHY,
    CONTENT,
    CONTENT_WHY,
    LACKED,
    MANY,
    MANY_WHY,
    MODES,
    SUMMARIES,
    WITHOUT,
    heard,
)
from appliance.model import (
    ActiveError,
    Answer,
    BatteryReading,
    BatteryState,
    BoardReading,
    Decision,
    ForcedActuator,
    GoToMode,
    GoToState,
    InverterReading,
    InverterState,
    Limits,
    ManualPower,
    MeterReading,
    RackReading,
    ResetErrors,
    ResetEstop,
    RunningTest,
    Setpoints,
    Snapshot,
    State,
    Status,
    Want,
    Word,
)
from appliance.site import Language
from appliance.texts import ENGLISH


class Scene(Word, frozen=True):
    """One situation, and what somebody has just tapped in it."""

    name: str
    status: Status | None
    age_s: float = 0.2
    tapped: Want | None = None
    answer: Answer | None = None
    sheet: str = ""
    """The sheet that lies open: "mode", "state", "why" or "test"."""
    after_stop: bool = False
    """An emergency stop was reset just before."""
    language: Language = ENGLISH


def status(
    pv_w: float | None = 3100.0,
    grid_w: float | None = -20.0,
    battery_w: float | None = -1900.0,
    soc_pct: float | None = 64.0,
    why: str = "self-consumption wants -1900 W",
    state: State = State.RUN,
    errors: tuple[ActiveError, ...] = (),
    binding: str | None = None,
    pressed: bool | None = False,
) -> Status:
    """A home with a 10.6 kWh battery. Powers by the sign convention; None: not known."""
    snapshot = Snapshot(
        now_s=1000.0,
        utc=NOW,
        battery=None if soc_pct is None else _battery(battery_w, soc_pct, state is State.RUN),
        inverter=None
        if battery_w is None
        else InverterReading(state=InverterState.RUNNING, power_w=battery_w),
        grid=None if grid_w is None else MeterReading(power_w=grid_w),
        pv=None if pv_w is None else MeterReading(power_w=pv_w),
        board=None if pressed is None else BoardReading(estop_pressed=pressed),
        clock_trusted=True,
    )
    decision = Decision(
        cycle=1, now_s=1000.0, utc=NOW, state=state, goal=State.RUN,
        mode="self_consumption",
        mode_by="site.toml", setpoints=Setpoints(power_w=battery_w or 0.0), wish_w=battery_w,
        limits=Limits(max_charge_w=5000.0, max_discharge_w=5000.0, binding=binding),
        errors=errors, answers=(), manual=None, why=why,
    )  # fmt: skip
    return Status(
        site="Nordhavn 3", version="0.1.0", uptime_s=4000.0, snapshot=snapshot, decision=decision,
        ages_s={"battery": 0.1, "inverter": 0.1, "meters.grid": 0.1, "meters.pv": 0.1}, modes=MODES, capacity_wh=10600.0,
        reserve_pct=10.0, rated_w=5000.0, without=WITHOUT, summaries=SUMMARIES, lacked=LACKED,
    )  # fmt: skip


def _battery(power_w: float | None, soc_pct: float, closed: bool) -> BatteryReading:
    return BatteryReading(
        state=BatteryState.CONNECTED if closed else BatteryState.STANDBY,
        power_w=power_w,
        soc_pct=soc_pct,
        soe_wh=106.0 * soc_pct,
        racks=(RackReading(rack=1, soc_pct=soc_pct, contactors_closed=closed),),
    )


def _with(base: Status, mode: str, by: str) -> Status:
    return replace(base, decision=replace(base.decision, mode=mode, mode_by=by))


_stopped = status(
    pv_w=2400.0, grid_w=-1300.0, battery_w=0.0, state=State.ERROR, errors=(ESTOP,), pressed=True,
    why="emergency stop: 0 W",
)  # fmt: skip
_released = replace(
    _stopped, snapshot=replace(_stopped.snapshot, board=BoardReading(estop_pressed=False))
)
_reset = status(
    pv_w=2400.0, grid_w=-1300.0, battery_w=0.0, state=State.IDLE, why="Resting: as it was asked to",
)  # fmt: skip
_reset = replace(_reset, decision=replace(_reset.decision, goal=State.IDLE))
_latched = status(
    pv_w=2400.0, grid_w=-1300.0, battery_w=0.0, state=State.ERROR,
    errors=(PROTECTION, OVERCHARGED, CLOCK),
    why="Fault: no power until its errors are gone (error 112 A cell is overcharged)",
)  # fmt: skip
_derated = status(
    battery_w=-2500.0, errors=(WARM,), binding="error",
    why="Self-consumption wants -4100 W; error 131 Battery is warm allows -2500 W",
)  # fmt: skip
_calm = status(pv_w=1200.0, grid_w=900.0, battery_w=-1500.0, why="The test wants -1500 W")
_tested = replace(
    _calm,
    decision=replace(
        _calm.decision,
        test=RunningTest(
            by="touchscreen", key="", until_s=1272.0, heard_s=999.0, by_pin=True, returns_to=State.IDLE,
            power=ManualPower(power_w=-1500.0, until_s=1200.0),
            outputs=(ForcedActuator(actuator="pump", percent=100.0, until_s=1200.0),),
        ),
    ),
)  # fmt: skip
_precharge = status(
    pv_w=1900.0, grid_w=-700.0, battery_w=0.0, state=State.PRECHARGE,
    why="Connecting: waiting for the battery's contactors to close",
)  # fmt: skip
_still_there = Answer(
    id="1", ok=False, reason="the cause is still there: A cell is overcharged (rack 2)"
)
_long_why = (
    "self-consumption wants -3000 W; cell 2.14 at 3.63 V allows -1200 W; the grid connection "
    "of 17000 W, the inverter's Leistungsbegrenzungsfunktionseinstellung and the heat of the "
    "box (61 °C at the sensor beside the fan) hold the battery further back until it is cooler"
)
_night = status(pv_w=-8.0, grid_w=340.0, battery_w=820.0, soc_pct=47.0,
                why="self-consumption wants 820 W")  # fmt: skip

_many = heard(
    status(battery_w=-1200.0, grid_w=-720.0, why=MANY_WHY, binding="cell voltage"),
    "self_consumption", -3000.0, -1200.0, *MANY,
)  # fmt: skip
_blind = heard(
    status(grid_w=None, battery_w=0.0, why=BLIND_WHY, errors=(METER_SILENT,)),
    "self_consumption", None, 0.0, *BLIND,
)  # fmt: skip
_content = heard(
    status(grid_w=-1900.0, battery_w=0.0, soc_pct=80.0, why=CONTENT_WHY),
    "charge_only", None, 0.0, *CONTENT,
)  # fmt: skip

_ENGLISH: Final = (
    Scene(name="charging", status=status()),
    Scene(name="discharging", status=_night),
    Scene(name="import", status=status(
        pv_w=0.0, grid_w=2900.0, battery_w=0.0, soc_pct=10.0, binding="state of charge",
        why="self-consumption wants 2900 W; state of charge 10.0 % allows 0 W")),
    Scene(name="export", status=status(
        pv_w=6240.0, grid_w=-3480.0, battery_w=-1200.0, soc_pct=91.0, binding="cell voltage",
        why="self-consumption wants -4690 W; cell 2.14 at 3.63 V allows -1200 W")),
    Scene(name="idle", status=_with(status(
        grid_w=-1800.0, battery_w=0.0, soc_pct=100.0, state=State.IDLE,
        why="passive wants 0 W"), "passive", "cloud")),
    Scene(name="connecting", status=None),
    Scene(name="never", status=None, age_s=12.0),
    Scene(name="stale", status=status(), age_s=3.0),
    Scene(name="lost", status=status(), age_s=75.0),
    Scene(name="unknown_pv", status=status(pv_w=None)),
    Scene(name="unknown_all", status=status(
        None, None, None, None, "the battery, the inverter and the grid meter are silent: 0 W",
        State.ERROR, (METER_SILENT,), None, None)),
    Scene(name="warning", status=status(errors=(CELL_FULL, CLOCK), binding="error")),
    Scene(name="seen", status=status(errors=(CLOCK,))),
    Scene(name="fault", status=status(
        grid_w=None, battery_w=0.0, errors=(METER_SILENT, CELL_FULL, CLOCK), binding="error",
        why="self-consumption cannot say: the grid meter is silent")),
    Scene(name="long", status=replace(
        _with(status(
            pv_w=-187_654.0, grid_w=99_940.0, battery_w=-123_456.0, soc_pct=99.95, why=_long_why,
            errors=(LONG, METER_SILENT, CELL_FULL, CLOCK), binding="inverter temperature and grid connection",
        ), "peak_shaving_with_reserve", "flexmeasures_scheduler"),
        modes={**MODES, "peak_shaving_with_reserve": "Peak shaving with a reserve for outages",
               "schedule": "Schedule from the cloud", "fcr": "Frequency containment reserve (FCR-D)"},
        site="Wasserkraftwerk Süd WWWW", capacity_wh=1_250_000.0)),
    Scene(name="long_why", status=status(why=_long_why), sheet="why"),
    Scene(name="beside", status=_many),
    Scene(name="content", status=_content),
    Scene(name="why_many", status=_many, sheet="why"),
    Scene(name="why_blind", status=_blind, sheet="why"),
    Scene(name="why_content", status=_content, sheet="why"),
    Scene(name="mode", status=status(), sheet="mode"),
    Scene(name="mode_beside", status=_many, sheet="mode"),
    Scene(name="mode_further", status=_with(status(), "niv_chase", "schedule"), sheet="mode"),
    Scene(name="mode_asked", status=status(), sheet="mode", tapped=GoToMode(mode="passive")),
    Scene(name="mode_refused", status=status(), sheet="mode",
          tapped=GoToMode(mode="local_control"),
          answer=Answer(id="1", ok=False, reason="local control is not allowed while the inverter reports a fault")),
    Scene(name="mode_refused_home", status=status(), tapped=GoToMode(mode="local_control"),
          answer=Answer(id="1", ok=False, reason="local control is not allowed while the inverter reports a fault")),
    Scene(name="estop", status=_stopped),
    Scene(name="estop_released", status=_released),
    Scene(name="estop_refused", status=_released, tapped=ResetEstop(),
          answer=Answer(id="1", ok=False, reason="the emergency-stop button is still pressed")),
    Scene(name="estop_board_silent", status=replace(
        _stopped, snapshot=replace(_stopped.snapshot, board=None))),
    Scene(name="estop_reset", status=_reset, after_stop=True),
    Scene(name="estop_not_started", status=_reset, after_stop=True, tapped=GoToState(State.RUN),
          answer=Answer(id="1", ok=False, reason="the emergency stop is latched; release the button, then reset it")),
    Scene(name="estop_lost", status=_stopped, age_s=42.0),
    Scene(name="state", status=status(), sheet="state"),
    Scene(name="state_resting", status=_reset, sheet="state"),
    Scene(name="state_asked", status=status(), sheet="state", tapped=GoToState(State.IDLE)),
    Scene(name="state_refused", status=status(), sheet="state", tapped=GoToState(State.MAINTENANCE),
          answer=Answer(id="1", ok=False, reason="the box is about to start again; ask once it has")),
    Scene(name="state_fault", status=_latched, sheet="state"),
    Scene(name="waking", status=status(
        battery_w=0.0, state=State.WAKING,
        why="Waking the battery: waiting for the battery to answer after its sleep")),
    Scene(name="precharge", status=_precharge),
    Scene(name="derated", status=_derated),
    Scene(name="test", status=_tested),
    Scene(name="test_sheet", status=_tested, sheet="test"),
    Scene(name="test_alarm", status=replace(
        _tested, decision=replace(_tested.decision, errors=(CELL_FULL,)))),
    Scene(name="latched", status=_latched),
    Scene(name="not_reset", status=_latched, tapped=ResetErrors(number=112), answer=_still_there),
)  # fmt: skip
IN_OTHER_WORDS: Final = (
    "charging", "connecting", "derated", "estop", "estop_released", "fault", "latched", "lost", "mode",
    "not_reset", "precharge", "test", "test_sheet", "unknown_all", "state", "state_refused",
    "estop_reset", "estop_not_started", "beside", "content", "why_many", "why_blind", "why_content",
    "mode_beside", "mode_further",
)  # fmt: skip
"""Scenes that are shown in every language."""
SCENES: Final = (
    *_ENGLISH,
    *(
        replace(scene, name=f"{scene.name}_{language}", language=language)
        for language in get_args(Language)
        for scene in _ENGLISH
        if language != ENGLISH and scene.name in IN_OTHER_WORDS
    ),
)
BY_NAME: Final = {scene.name: scene for scene in SCENES}
