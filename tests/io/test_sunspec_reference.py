"""The standard's own client (pysunspec2) and our drivers, side by side on the wire of one pretend device."""

import asyncio
import importlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from appliance.clock import SystemClock
from appliance.io import inverters, meters
from appliance.io.buses.modbus import ModbusBus
from appliance.io.inverters import InverterDriver
from appliance.io.meters import MeterDriver
from appliance.io.registers import Block, Kind, Register
from appliance.model import InverterReading, InverterState, Setpoints
from appliance.site import Inverter, Meter, ModbusTcp
from simulator.models.inverter import Alarm, State
from simulator.models.site import Site
from simulator.wire.modbus import ModbusServer, Unit
from simulator.wire.plugs import Plugs
from simulator.wire.registers import Registers
from simulator.wire.sunspec import Shape, SunSpec, SunSpecMeter
from tests.io.rig import STEP_S, pretend_plant

Driver = InverterDriver | MeterDriver


class Wire:
    """A pretend device on a socket whose plant stands still unless it is stepped."""

    def __init__(self, port: int, site: Site) -> None:
        self.site = site
        self.port = port
        self.bus = ModbusBus(
            ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=port, timeout_s=0.9), SystemClock()
        )

    def ask(self, kind: Kind, address: int, count: int) -> tuple[int, ...]:
        return self.bus.read(Block(kind, address, count, (), slow=False, optional=False), 1)

    def identify(self, driver: Driver) -> None:
        self.bus.connect()
        driver.identify(self.ask)

    def values(self, driver: Driver) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        for block in driver.blocks:
            found |= block.decode(self.bus.read(block, 1))
        return found

    def command(self, driver: InverterDriver, setpoints: Setpoints, seconds: float = 3.0) -> None:
        """Write as the box would, while the plant's time passes."""
        for beat in range(round(seconds / 0.4)):
            for write in driver.writes(setpoints, self.values(driver), beat):
                self.bus.write(write, 1)
            self.step(0.4)

    def step(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.site.step(STEP_S)

    @contextmanager
    def reference(self) -> Iterator[Any]:
        """The standard's own client, after its scan."""
        client = importlib.import_module("sunspec2.modbus.client")
        device = client.SunSpecModbusClientDeviceTCP(
            slave_id=1, ipaddr="127.0.0.1", ipport=self.port, timeout=2.0
        )
        device.scan()
        device.connect()
        try:
            yield device
        finally:
            device.disconnect()  # its close() does nothing


@contextmanager
def wire(make: Callable[[Site], Registers]) -> Iterator[Wire]:
    site = pretend_plant()
    server = ModbusServer("127.0.0.1", 0)
    server.add(1, Unit(make(site), Plugs().add("device")))
    started, ended = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await server.start()
        started.set()
        await ended.wait()
        await asyncio.sleep(0.05)  # Let it see that its clients have gone.
        await server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(5.0)
    one = Wire(server.port, site)
    try:
        yield one
    finally:
        one.bus.close()
        loops[0].call_soon_threadsafe(ended.set)
        thread.join(5.0)


def scaled(device: Any) -> dict[int, float | None]:
    """Every point of the reference's models by its address: scaled, None when not implemented."""
    found: dict[int, float | None] = {}
    for numbers in (key for key in device.models if isinstance(key, int)):
        for model in device.models[numbers]:
            groups = [model, *(g for many in model.groups.values() for g in _listed(many))]
            for group in groups:
                for point in group.points.values():
                    if point.pdef["type"] != "string":
                        found[model.model_addr + point.offset] = point.cvalue
    return found


def _listed(groups: Any) -> list[Any]:
    return groups if isinstance(groups, list) else [groups]


def rows(driver: Driver) -> list[Register]:
    return [row for block in driver.blocks for row in block.registers]


def assert_same(one: Wire, driver: Driver) -> int:
    """Both read the same numbers for every point that the driver uses. How many are known."""
    ours = one.values(driver)
    with one.reference() as device:
        theirs = scaled(device)
    known = 0
    for row in rows(driver):
        expected = theirs[row.address]
        if (
            expected is not None
            and row.name.endswith(("_share", "_factor"))
            and "701" not in row.source
        ):
            expected = 0.01 * expected  # The device counts percent; 701 alone has a number.
        assert ours[row.name] == (None if expected is None else pytest.approx(expected)), row
        known += expected is not None
    return known


def an_inverter(**options: object) -> InverterDriver:
    return inverters.driver(
        Inverter(
            driver="sunspec", bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
            max_reactive_var=2e3, options=dict(options),
        )
    )  # fmt: skip


def idle(_one: Wire, _driver: InverterDriver) -> None:
    """Out of service."""


def discharging(one: Wire, driver: InverterDriver) -> None:
    one.command(driver, Setpoints(inverter_on=True))
    one.command(driver, Setpoints(power_w=3_000.0, reactive_var=700.0, inverter_on=True))


def charging(one: Wire, driver: InverterDriver) -> None:
    one.command(driver, Setpoints(inverter_on=True))
    one.command(driver, Setpoints(power_w=-2_340.0, reactive_var=-200.0, inverter_on=True))


def broken(one: Wire, _driver: InverterDriver) -> None:
    one.site.inverter.state, one.site.inverter.alarm = State.ALARM, Alarm.DC_LOST


SHAPES = [
    pytest.param(Shape(), {}, id="704"),
    pytest.param(Shape(base=0, missing=frozenset({"704.WSet"})), {}, id="704 percent at 0"),
    pytest.param(Shape(base=50_000, without=frozenset({704})), {}, id="124 at 50000"),
    pytest.param(Shape(without=frozenset({701, 702, 703, 704, 714, 124})), {}, id="1xx and 123"),
    pytest.param(
        Shape(missing=frozenset({"701.W", "701.PF", "701.TmpSnk", "701.VL2", "714.0.DCV"})),
        {"control": "124"},
        id="with gaps",
    ),
]


@pytest.mark.parametrize("state", [idle, discharging, charging, broken])
@pytest.mark.parametrize(("shape", "options"), SHAPES)
def test_the_reference_reads_the_same_of_an_inverter(
    shape: Shape, options: dict[str, object], state: Callable[[Wire, InverterDriver], None]
) -> None:
    driver = an_inverter(**options)
    with wire(lambda site: SunSpec(site, shape=shape).registers) as one:
        one.identify(driver)
        for write in driver.arm():
            one.bus.write(write, 1)
        state(one, driver)
        assert assert_same(one, driver) > 20


@pytest.mark.parametrize("missing", [frozenset(), frozenset({"203.WphA", "203.Hz", "203.VAR"})])
@pytest.mark.parametrize("grid_w", [1_000.0, -1_000.0])
def test_the_reference_reads_the_same_of_a_meter(missing: frozenset[str], grid_w: float) -> None:
    def meter(site: Site) -> Registers:
        site.override_load_w, site.override_pv_w = 4_000.0 + grid_w, 4_000.0
        for _ in range(50):
            site.step(60.0)
        return SunSpecMeter(
            site, lambda: site.grid_w, lambda: site.grid_import_wh, lambda: 77.0, missing=missing
        ).registers

    driver = meters.driver(Meter(driver="sunspec", bus="lan"))
    with wire(meter) as one:
        one.identify(driver)
        assert assert_same(one, driver) > 15
        reading = driver.reading(one.values(driver))
    assert reading.power_w == pytest.approx(grid_w, abs=1.0)
    assert (reading.frequency_hz is None) == bool(missing)


@pytest.mark.parametrize("power_w", [1_000.0, -1_000.0])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        pytest.param(Shape(), {"control": "704"}, id="704"),
        pytest.param(Shape(), {"control": "124"}, id="124"),
        pytest.param(
            Shape(signed_limit=True), {"control": "123", "negative_limit_charges": True}, id="123"
        ),
    ],
)
def test_power_on_the_wire_both_ways_and_back_to_zero_when_nobody_writes(
    shape: Shape, options: dict[str, object], power_w: float
) -> None:
    driver = an_inverter(**options)
    with wire(lambda site: SunSpec(site, shape=shape).registers) as one:
        one.identify(driver)
        for write in driver.arm():
            one.bus.write(write, 1)
        one.command(driver, Setpoints(inverter_on=True))
        one.command(driver, Setpoints(power_w=power_w, inverter_on=True))
        found = driver.reading(one.values(driver))
        assert found.state is InverterState.RUNNING
        assert found.power_w == pytest.approx(power_w) == found.setpoint_w
        assert one.site.inverter.ac_power_w == pytest.approx(power_w)
        one.step(2.2)
        assert one.site.inverter.ac_power_w == 0.0
        assert driver.reading(one.values(driver)).power_w == 0.0


def test_the_reference_commands_the_pretend_inverter() -> None:
    """As in the standard's own tools: the set-point in one write, its enable in the next."""
    with wire(lambda site: SunSpec(site).registers) as one, one.reference() as device:
        device.DEREnterService[0].ES.value = 1
        device.DEREnterService[0].write()
        control = device.DERCtlAC[0]
        control.WSetMod.value, control.WSetPct.cvalue = 0, -25.5
        control.write()
        control.WSetEna.value = 1
        control.write()
        one.step(3.0)
        assert one.site.inverter.ac_power_w == pytest.approx(-0.255 * one.site.inverter.rated_w)
        measured = device.DERMeasureAC[0]
        measured.read()
        assert measured.W.cvalue == -6_375 and measured.InvSt.value == 3


def test_readings_are_readings() -> None:
    assert isinstance(an_inverter().reading({}), InverterReading)
    assert an_inverter().reading({}).state is InverterState.UNKNOWN
    assert an_inverter().writes(Setpoints(power_w=1_000.0, inverter_on=True), {}, 1) == ()
