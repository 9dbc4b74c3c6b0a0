"""The SunSpec inverter driver against its twin: three ways to be commanded, timers, states, words."""

import pytest

from appliance.io.registers import Write
from appliance.model import InverterReading, InverterState, Setpoints
from appliance.site import Inverter
from simulator.models.inverter import Alarm, State
from simulator.models.site import Site
from simulator.wire.sunspec import Shape, SunSpec
from tests.io.rig import InverterRig

WAY_704 = Shape()
WAY_124 = Shape(without=frozenset({704}))
WAY_123 = Shape(without=frozenset({704, 124}), signed_limit=True)
OLD_ONLY = Shape(without=frozenset({701, 702, 703, 704, 713, 714, 715, 802, 803}))
BY_PERCENT = Shape(missing=frozenset({"704.WSet"}))
CHARGES = {"negative_limit_charges": True}
WAYS = [
    pytest.param(WAY_704, {}, id="704 watts"),
    pytest.param(BY_PERCENT, {}, id="704 percent"),
    pytest.param(WAY_704, {"power_by": "percent"}, id="704 percent by option"),
    pytest.param(WAY_124, {}, id="124"),
    pytest.param(WAY_704, {"control": "124"}, id="124 by option"),
    pytest.param(WAY_123, CHARGES, id="123"),
    pytest.param(WAY_123, {"control": "123", **CHARGES}, id="123 by option"),
    pytest.param(OLD_ONLY, {}, id="1xx and 124"),
]


def rig(shape: Shape = WAY_704, **options: object) -> InverterRig:
    settings = Inverter(
        driver="sunspec", bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
        max_reactive_var=2e3, options=dict(options),
    )  # fmt: skip
    return InverterRig(settings, lambda site: twin(site, shape))


def twin(site: Site, shape: Shape) -> SunSpec:
    return SunSpec(site, shape=shape)


def on(power_w: float = 0.0, reactive_var: float = 0.0) -> Setpoints:
    return Setpoints(power_w=power_w, reactive_var=reactive_var, inverter_on=True)


def seen(one: InverterRig) -> InverterReading:
    assert one.reading is not None
    return one.reading


def started(shape: Shape = WAY_704, **options: object) -> InverterRig:
    one = rig(shape, **options)
    assert one.run(10.0, on(), lambda: one.reading is not None and runs(one))
    return one


def runs(one: InverterRig) -> bool:
    return seen(one).state is InverterState.RUNNING


def value(one: InverterRig, key: str) -> float:
    assert isinstance(one.twin, SunSpec)
    return one.twin.image.number(key)


def address(one: InverterRig, key: str) -> int:
    assert isinstance(one.twin, SunSpec)
    return one.twin.image.addresses[key]


def written(one: InverterRig, key: str) -> list[tuple[int, ...]]:
    return [write.words for write in one.bus.written if write.address == address(one, key)]


@pytest.mark.parametrize(("shape", "options"), WAYS)
class TestEveryWay:
    @pytest.mark.parametrize("power_w", [1_000.0, -1_000.0])
    def test_power_goes_there_and_comes_back(
        self, shape: Shape, options: dict[str, object], power_w: float
    ) -> None:
        one = started(shape, **options)
        assert one.run(5.0, on(power_w), lambda: one.power_w == pytest.approx(power_w, abs=3.0))
        one.run(1.0, on(power_w))
        assert seen(one).power_w == pytest.approx(power_w, abs=5.0)
        assert seen(one).setpoint_w == pytest.approx(power_w, abs=3.0)

    @pytest.mark.parametrize("power_w", [1_000.0, -1_000.0])
    def test_it_returns_to_zero_when_nobody_writes(
        self, shape: Shape, options: dict[str, object], power_w: float
    ) -> None:
        one = started(shape, **options)
        assert one.run(5.0, on(power_w), lambda: one.power_w == pytest.approx(power_w, abs=3.0))
        one.run(1.4, alive=False)
        assert one.power_w == pytest.approx(power_w, abs=3.0), "its timer has not run out yet"
        assert one.run(1.0, until=lambda: one.power_w == 0.0, alive=False)

    def test_signs_of_life_keep_it_going(self, shape: Shape, options: dict[str, object]) -> None:
        one = started(shape, **options)
        one.run(10.0, on(2_000.0))
        assert one.power_w == pytest.approx(2_000.0, abs=3.0)

    def test_the_set_point_goes_before_its_enable(
        self, shape: Shape, options: dict[str, object]
    ) -> None:
        one = started(shape, **options)
        writes = one.driver.writes(on(1_000.0), one.polled.values, 1)
        places = {
            address(one, key): key
            for key in ("704.WSetEna", "124.StorCtl_Mod", "123.WMaxLim_Ena")
            if key in one.twin.image.addresses  # type: ignore[attr-defined]
        }
        enables = [i for i, write in enumerate(writes) if write.address in places]
        assert enables and enables[0] >= 2 and set(writes[enables[0]].words) <= {(1), (3)}

    def test_more_than_it_is_made_for_is_cut(
        self, shape: Shape, options: dict[str, object]
    ) -> None:
        one = started(shape, **options)
        one.run(3.0, on(1e9))
        assert seen(one).setpoint_w == pytest.approx(25_000.0)
        assert one.power_w <= 25_000.0


class TestChoice:
    @pytest.mark.parametrize(
        ("shape", "options", "title"),
        [
            (WAY_704, {}, "704"),
            (Shape(missing=frozenset({"704.WSet", "704.WSetPct"})), {}, "124"),
            (Shape(missing=frozenset({"704.WSetEna", "124.WChaMax"})), {}, "123"),
            (WAY_704, {"control": "123"}, "123"),
        ],
    )
    def test_the_first_that_the_device_has(
        self, shape: Shape, options: dict[str, object], title: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level("INFO"):
            started(shape, **options)
        assert f"commanded through model {title}" in caplog.text
        assert "Pretend Power Twin 25 kW 1.0 SUN0001: models 1, 103" in caplog.text

    def test_without_any_it_is_only_read(self) -> None:
        one = started(Shape(without=frozenset({704, 123, 124})))
        one.run(2.0, on(1_000.0))
        assert one.power_w == 0.0 and seen(one).setpoint_w is None
        assert any("power cannot be set" in warning for warning in seen(one).warnings)

    def test_forced_to_a_model_that_is_not_there_is_only_read(self) -> None:
        one = started(WAY_124, control="704")
        one.run(2.0, on(1_000.0))
        assert one.power_w == 0.0
        assert "power cannot be set: no model 704" in seen(one).warnings

    def test_123_alone_never_charges(self) -> None:
        one = started(WAY_123)
        one.run(2.0, on(-1_000.0))
        assert one.power_w == 0.0 and seen(one).setpoint_w == 0.0
        assert any("cannot charge" in warning for warning in seen(one).warnings)

    @pytest.mark.parametrize(
        "missing", ["704.WSetRvrtTms", "124.InOutWRte_RvrtTms", "123.WMaxLimPct_RvrtTms"]
    )
    def test_without_a_timer_no_power_unless_the_installer_says_so(self, missing: str) -> None:
        shape, way = Shape(missing=frozenset({missing})), missing[:3]
        one = started(shape, control=way)
        one.run(3.0, on(1_000.0))
        assert one.power_w == 0.0
        assert any("no timer" in warning for warning in seen(one).warnings)
        one = started(shape, control=way, without_timeout=True)
        assert one.run(5.0, on(1_000.0), lambda: one.power_w == pytest.approx(1_000.0, abs=3.0))
        assert not any("no timer" in warning for warning in seen(one).warnings)

    @pytest.mark.parametrize("sf", [0, 1, 2])
    def test_coarse_scales_round_towards_zero(self, sf: int) -> None:
        one = started(Shape(scales={"704.WSet_SF": sf}))
        one.run(2.0, on(-1_999.0))
        step = 10.0**sf
        assert one.power_w == pytest.approx(-(1_999 // step) * step)

    def test_scale_factors_are_read_anew_after_silence(self) -> None:
        one = started(WAY_704)
        one.run(2.0, on(1_000.0))
        one.bus.silent = True
        one.run(4.0, on(1_000.0))
        replaced = one.twin = one.bus._twin = SunSpec(one.site, shape=Shape(base=50_000, scales={"701.W_SF": 1, "704.WSet_SF": 1}))  # fmt: skip
        one.bus.silent = False
        one.run(4.0, on(1_000.0))
        assert replaced.image.addresses["701.W"] > 50_000
        assert one.power_w == pytest.approx(1_000.0)
        assert seen(one).power_w == pytest.approx(1_000.0)


class TestArming:
    def test_reversion_is_zero_watts_enabled(self) -> None:
        one = started()
        assert value(one, "704.WSetMod") == 1.0 and value(one, "704.WSetRvrt") == 0.0
        assert value(one, "704.WSetEnaRvrt") == 1.0 and value(one, "704.WSetRvrtTms") == 2.0

    def test_the_ramp_is_a_share_of_full_power_each_second(self) -> None:
        settings = Inverter(
            driver="sunspec", bus="lan", max_charge_w=5e3, max_discharge_w=5e3, ramp_w_per_s=500.0
        )
        one = InverterRig(settings, SunSpec)
        one.run(10.0, on())
        assert value(one, "704.WRmp") == 2.0, "500 W/s of 25 kW"
        one.run(1.0, on(5_000.0))
        assert one.power_w == pytest.approx(500.0, abs=60.0)
        assert len(written(one, "704.WRmp")) == 1, "a setting is written once"

    def test_charging_from_the_grid_is_allowed_through_124(self) -> None:
        one = started(WAY_124)
        assert value(one, "124.ChaGriSet") == 1.0 and value(one, "124.StorCtl_Mod") == 3.0
        one.run(1.0, on(-1_000.0))
        assert value(one, "124.OutWRte") == -4.0 and value(one, "124.InWRte") == 4.0

    def test_both_limits_of_124_travel_in_one_request(self) -> None:
        one = started(WAY_124)
        writes = one.driver.writes(on(2_500.0), one.polled.values, 1)
        assert Write(address(one, "124.OutWRte"), "holding", (1_000, 0x1_0000 - 1_000)) in writes


@pytest.mark.parametrize("shape", [WAY_704, WAY_124], ids=["704", "123"])
class TestReactive:
    @pytest.mark.parametrize("var", [500.0, -500.0])
    def test_both_directions_and_read_back(self, shape: Shape, var: float) -> None:
        one = started(shape)
        assert one.run(3.0, on(0.0, var), lambda: seen(one).reactive_var == pytest.approx(var))
        assert seen(one).reactive_setpoint_var == pytest.approx(var)

    def test_ends_with_the_box(self, shape: Shape) -> None:
        one = started(shape)
        one.run(3.0, on(0.0, 500.0))
        one.run(2.5, alive=False)
        one.run(0.3, on())
        assert seen(one).reactive_var == pytest.approx(0.0)


class TestService:
    def test_it_starts_and_stops_through_703(self) -> None:
        one = started()
        assert value(one, "703.ES") == 1.0
        one.run(2.0, on(1_000.0))
        assert one.run(5.0, until=lambda: seen(one).state is InverterState.OFF)
        assert value(one, "703.ES") == 0.0 and one.power_w == 0.0
        assert value(one, "123.Conn") == 1.0, "its grid relay is left alone"

    def test_an_old_one_through_its_connection(self) -> None:
        one = started(OLD_ONLY)
        assert one.run(5.0, until=lambda: seen(one).state is InverterState.OFF)
        assert value(one, "123.Conn") == 0.0

    def test_a_hybrid_stays_in_service_at_zero(self) -> None:
        one = started(leaves_service=False)
        one.run(2.0, on(1_000.0))
        one.run(3.0)
        assert one.power_w == 0.0 and value(one, "703.ES") == 1.0 and value(one, "704.WSet") == 0.0

    def test_heartbeats_change(self) -> None:
        one = started()
        beats = set(written(one, "802.CtrlHb"))
        assert len(beats) > 2 and set(written(one, "715.ControllerHb"))

    def test_the_battery_bank_is_connected_only_when_asked_for(self) -> None:
        assert not written(started(), "802.SetOp")
        one = started(battery=True)
        assert written(one, "802.SetOp")[-1] == (1,)
        one.run(2.0)
        assert written(one, "802.SetOp")[-1] == (2,) and value(one, "802.SetInvState") == 1.0

    def test_someone_on_site_has_taken_over(self) -> None:
        one = started()
        assert isinstance(one.twin, SunSpec)
        one.twin.image.values["715.LocRemCtl"] = 1.0
        one.run(2.0, on())
        assert "in local control: it does not listen" in seen(one).warnings


class TestWords:
    def read(self, shape: Shape = WAY_704, options: dict[str, object] | None = None, **points: float) -> InverterReading:  # fmt: skip
        """The reading of a running device with these points, by model_point."""
        one = started(shape, **(options or {}))
        assert isinstance(one.twin, SunSpec)
        for name, number in points.items():
            one.twin.image.values[name.replace("_", ".", 1)[1:]] = number
        one.run(1.5, on())
        return seen(one)

    def test_alarms_have_the_standard_names(self) -> None:
        found = self.read(m701_Alrm=float(1 << 0 | 1 << 7))
        assert found.faults == ("ground fault", "over temp")

    def test_bits_without_a_name_keep_their_number(self) -> None:
        assert self.read(m701_Alrm=float(1 << 21)).faults == ("event Alrm bit 21",)

    def test_being_disconnected_is_a_fault_only_in_the_state_fault(self) -> None:
        found = self.read(m701_Alrm=float(1 << 4))
        assert found.warnings == ("grid disconnect",) and found.faults == ()
        found = self.read(m701_Alrm=float(1 << 4), m701_InvSt=6.0)
        assert found.faults == ("grid disconnect",) and found.state is InverterState.FAULT

    @pytest.mark.parametrize(
        ("meaning", "faults", "warnings"),
        [
            ("fault", ("event EvtVnd2 bit 9",), ()),
            ("warning", (), ("event EvtVnd2 bit 9",)),
            ("ignore", (), ()),
        ],
    )
    def test_the_makers_own_events(
        self, meaning: str, faults: tuple[str, ...], warnings: tuple[str, ...]
    ) -> None:
        found = self.read(OLD_ONLY, {"vendor_events": meaning}, m103_EvtVnd2=float(1 << 9))
        assert (found.faults, found.warnings) == (faults, warnings)

    def test_an_unknown_state_is_a_fault(self) -> None:
        found = self.read(m701_InvSt=77.0)
        assert found.state is InverterState.FAULT and found.faults == ("unknown state 77",)
        found = self.read(OLD_ONLY, m103_St=0.0)
        assert found.state is InverterState.FAULT and found.faults == ("unknown state 0",)

    def test_a_fault_without_a_bit_still_has_words(self) -> None:
        assert self.read(m701_InvSt=6.0).faults == ("fault without a number",)

    def test_a_standby_that_waits_for_power(self) -> None:
        assert self.read(m701_InvSt=7.0).state is InverterState.OFF
        assert self.read(WAY_704, {"standby_runs": True}, m701_InvSt=7.0).state is InverterState.RUNNING  # fmt: skip

    def test_a_device_that_tells_only_whether_it_is_on(self) -> None:
        shape = Shape(without=frozenset({103}), missing=frozenset({"701.InvSt"}))
        one = started(shape)
        assert runs(one)
        one.run(3.0)
        assert seen(one).state is InverterState.OFF

    def test_grid_forming_is_read(self) -> None:
        assert self.read(m701_DERMode=1.0).grid_forming is False
        assert self.read(m701_DERMode=2.0).grid_forming is True

    def test_what_is_not_implemented_is_none(self) -> None:
        points = ("W", "Var", "VA", "PF", "Hz", "TmpCab", "TmpSnk", "VL1", "AL1", "WL1", "DERMode")
        missing = {f"701.{point}" for point in points} | {"714.0.DCV", "714.0.DCW", "714.0.DCA"}
        found = self.read(Shape(missing=frozenset(missing)))
        assert found.power_w is None and found.reactive_var is None and found.frequency_hz is None
        assert found.apparent_va is None and found.power_factor is None
        assert found.temperature_c is None and found.grid_forming is None
        assert (
            found.dc_voltage_v is None and found.dc_power_w is None and found.dc_current_a is None
        )
        first, second = found.phases[0], found.phases[1]
        assert first.voltage_v is None and first.current_a is None and first.power_w is None
        assert second.voltage_v == pytest.approx(230.0)

    def test_a_scale_that_is_not_implemented_makes_its_points_unknown(self) -> None:
        one = started(Shape(without=frozenset({704})))
        assert isinstance(one.twin, SunSpec)
        one.twin.image.values["701.W_SF"] = None
        one.bus.connections += 1
        one.bus.silent = True
        one.run(1.0, on())
        one.bus.silent = False
        one.run(3.0, on())
        assert seen(one).power_w is None and seen(one).frequency_hz is not None

    def test_ratings_are_what_it_can_take(self) -> None:
        found = self.read()
        assert found.max_charge_w == 25_000.0 and found.max_discharge_w == 25_000.0

    def test_dc_comes_from_the_port_of_the_battery_or_from_103(self) -> None:
        for shape in (WAY_704, OLD_ONLY):
            one = started(shape)
            one.run(3.0, on(2_000.0))
            found, inverter = seen(one), one.site.inverter
            assert found.dc_power_w == pytest.approx(inverter.dc_power_w, abs=12.0)
            assert found.dc_voltage_v == pytest.approx(one.site.rack.voltage_v, abs=0.5)


def test_a_reset_is_sent_only_when_asked_for() -> None:
    one = started()
    one.site.inverter.state, one.site.inverter.alarm = State.ALARM, Alarm.DC_LOST
    one.site.inverter.on = False
    one.run(3.0, on())
    assert seen(one).state is InverterState.FAULT and seen(one).faults == ("dc disconnect",)
    assert not written(one, "715.AlarmReset")
    assert one.run(3.0, Setpoints(reset_faults=True), lambda: not seen(one).faults)
    assert written(one, "715.AlarmReset")


NEW = {
    0: "off",
    1: "off",
    2: "starting",
    3: "running",
    4: "running",
    5: "off",
    6: "fault",
    7: "off",
}
OLD = {
    1: "off",
    2: "off",
    3: "starting",
    4: "running",
    5: "running",
    6: "off",
    7: "fault",
    8: "off",
}


@pytest.mark.parametrize(("name", "states"), [("inverter_state", NEW), ("old_state", OLD)])
def test_every_state_of_the_standard_and_power_only_while_running(
    name: str, states: dict[int, str]
) -> None:
    one = started()
    for number, word in states.items():
        values = {name: float(number)}
        assert one.driver.reading(values).state == word
        sent = [
            write.words
            for write in one.driver.writes(on(1_000.0), values, 1)
            if write.address == address(one, "704.WSet")
        ]
        assert sent == [(0, 1_000 if word == "running" else 0)]


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), float("-inf")])
def test_nonsense_is_zero(nonsense: float) -> None:
    one = started()
    writes = one.driver.writes(on(nonsense, nonsense), one.polled.values, 1)
    for key in ("704.WSet", "704.VarSet"):
        assert [w.words for w in writes if w.address == address(one, key)] == [(0, 0)]


@pytest.mark.parametrize(
    ("shape", "key", "words"),
    [
        (WAY_704, "704.WSetRvrtTms", (0, 2)),
        (WAY_704, "704.VarSetRvrtTms", (0, 2)),
        (WAY_124, "124.InOutWRte_RvrtTms", (2,)),
        (WAY_123, "123.WMaxLimPct_RvrtTms", (2,)),
        (WAY_123, "123.VArPct_RvrtTms", (2,)),
    ],
)
def test_timers_are_set_before_any_power_and_with_each_sign_of_life(
    shape: Shape, key: str, words: tuple[int, ...]
) -> None:
    one = started(shape)
    for writes in (one.driver.arm(), one.driver.writes(on(), one.polled.values, 1)):
        assert [w.words for w in writes if w.address == address(one, key)] == [words]
