"""What a SunSpec inverter says of itself: states, events and values in our words."""

import pytest

from appliance.model import InverterReading, InverterState, Setpoints
from simulator.models.inverter import Alarm, State
from simulator.wire.sunspec import Shape, SunSpec
from tests.io.sunspec_rig import (
    OLD_ONLY,
    WAY_123,
    WAY_124,
    WAY_704,
    address,
    on,
    runs,
    seen,
    started,
    written,
)


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
