"""A SunSpec inverter is commanded in three ways, and each ends by itself."""

import pytest

from appliance.io.registers import Write
from appliance.model import InverterState
from appliance.site import Inverter
from simulator.wire.sunspec import Shape, SunSpec
from tests.io.rig import InverterRig
from tests.io.sunspec_rig import (
    BY_PERCENT,
    CHARGES,
    OLD_ONLY,
    WAY_123,
    WAY_124,
    WAY_704,
    address,
    on,
    seen,
    started,
    value,
    written,
)

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
