"""The observer itself: what is unsafe on purpose is found unsafe, and nothing of the box is used to find it."""

import ast
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import decode, rows
from tests.chaos.decode import CLOSE, ON, POWER, Lxp, ModbusTcp, Said, Socketcand
from tests.chaos.judge import judge
from tests.chaos.places import COMMERCIAL, HOME
from tests.chaos.rows import Scenario, scenarios
from tests.chaos.seen import NOT_BACK, SAFE, UNSAFE, Seen, Times
from tests.chaos.taps import Tap, Taps
from tests.chaos.watch import Sample, Watch
from tests.live.box import LiveBox

HERE = Path(__file__).parent
OBSERVER = ("decode", "taps", "watch", "judge", "seen", "rows", "walls", "places")
ROWS = {row.name: row for row in scenarios()}
FAULT_S = 100.0


# ------------------------------------------------------------------ alone


@pytest.mark.parametrize("name", OBSERVER)
def test_it_imports_nothing_of_the_box(name: str) -> None:
    tree = ast.parse((HERE / f"{name}.py").read_text())
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]  # fmt: skip
    assert not [one for one in modules if one.split(".")[0] in ("appliance", "bootstrapper")]
    ours = {one.split(".")[2] for one in modules if one.startswith("tests.chaos.")}
    assert ours <= set(OBSERVER), "what it uses is looked at as well"


def test_there_are_enough_scenarios_and_every_fault_of_the_plugs() -> None:
    from simulator.wire import plugs

    assert len(ROWS) >= 500
    tried = {row.fault.fault for row in ROWS.values()}
    assert set(plugs.FAULTS) - {plugs.IN, plugs.UNDER_VOLTAGE} <= tried
    moments = {row.moment for row in ROWS.values()}
    assert {rows.STARTING, rows.PRECHARGE, rows.STOPPING, rows.IN_ERROR, rows.TWO, rows.RECOVERY} <= moments  # fmt: skip


def test_a_meter_that_loses_answers_may_cost_power_only_in_time() -> None:
    flaky, silent = (
        ROWS[f"home / meter.grid {name} / discharging"] for name in ("flaky", "silent")
    )
    assert flaky.kind == rows.GAP
    assert flaky.bound is not None
    assert silent.bound is not None
    assert flaky.bound.seconds == pytest.approx(silent.bound.seconds + 0.5)


# ------------------------------------------------------------------ what is said on a wire


def _tcp(*pdu: int) -> bytes:
    return struct.pack(">HHHB", 7, 0, len(pdu) + 1, 1) + bytes(pdu)


def test_writes_to_a_trumpf() -> None:
    wire = ModbusTcp(decode.trumpf)
    stream = _tcp(6, 0x10, 0x63, 0xF4, 0x48) + _tcp(3, 0, 0, 0, 1) + _tcp(5, 0x0F, 0xA0, 0xFF, 0)
    said = [one for i in range(len(stream)) for one in wire.hear(stream[i : i + 1], 1.0)]
    assert [(one.kind, one.value) for one in said] == [(POWER, -3_000.0), (ON, 1.0)]


def test_writes_to_a_pqstori() -> None:
    wire = ModbusTcp(decode.pqstori)
    power = _tcp(16, 0x18, 0x38, 0, 2, 4, *struct.pack(">f", -80.0))
    said = list(wire.hear(power + _tcp(6, 0x12, 0x03, 0, 1), 1.0))
    assert [(one.kind, one.value) for one in said] == [(POWER, -80_000.0), (ON, 0.0)]


def test_writes_to_a_luxpower() -> None:
    def frame(register: int, value: int) -> bytes:
        inner = struct.pack("<BB10sHH", 0, 6, b"LX12345678", register, value) + b"\0\0"
        body = struct.pack("<BB10sH", 1, 194, b"DG12345678", len(inner)) + inner
        return b"\xa1\x1a" + struct.pack("<HH", 1, len(body)) + body

    said = list(Lxp().hear(frame(82, 20) + frame(21, 1 << 9 | 1 << 10), 1.0))
    assert (said[-2].kind, said[-2].value) == (POWER, 2_000.0)
    assert (said[-1].kind, said[-1].value) == (ON, 1.0)


@pytest.mark.parametrize(
    ("asks", "number", "closed", "opened"),
    [(decode.foxbms2, "210", "01", "00"), (decode.nbms_2_5, "3F0", "01", "00"), (decode.cbms, f"{2566848997 & 0x1FFFFFFF:X}", "10", "00")],
)  # fmt: skip
def test_requests_to_a_bms(asks: decode.Asks, number: str, closed: str, opened: str) -> None:
    stream = "".join(f"< send {number} 8 {one} 00 00 00 00 00 00 00 >" for one in (opened, closed, closed, opened))  # fmt: skip
    said = list(Socketcand(asks).hear(b"< open can0 >< rawmode >" + stream.encode(), 1.0))
    assert [one.value for one in said] == [0.0, 1.0, 0.0]


# ------------------------------------------------------------------ judging, with a plant made up


def _look(at_s: float, battery_w: float, *, closed: bool = True, **changes: float) -> Sample:
    amps = battery_w / 410.0
    one = Sample(
        at_s=at_s, battery_w=battery_w, grid_w=0.0, dc_w=battery_w, soc_pct=50.0, closed=(closed,),
        amps=(amps if closed else 0.0,), bms_state="normal", inverter_state="operation",
        max_charge_w=9e3, max_discharge_w=9e3, voltage_v=410.0, cell_min_v=3.2, cell_max_v=3.3,
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


Power = Callable[[float], float]


def _stop(name: str, power: Power, opens_s: float = 1.0, said: tuple[Said, ...] = (), **changes: float) -> Seen:  # fmt: skip
    """A stop at 100 s; mended at 105, reset at 106, back at 110; contactors open from 101 to 108 s."""
    row = ROWS[name]
    reset_s = 106.0 if row.kind == rows.LATCHES else None
    times = Times(FAULT_S, 105.0, reset_s, 112.0, power(-0.1), back_s=110.0)
    looks = [i * 0.025 for i in range(-40, 480)]
    samples = [
        _look(FAULT_S + t, power(t), closed=not opens_s <= t <= 8.0, **(changes if t > 0.0 else {}))
        for t in looks
    ]
    usual = (Said(90.0, CLOSE, 1.0), Said(FAULT_S + 0.1, POWER, 0.0), Said(FAULT_S + 0.5, ON, 0.0),
             Said(FAULT_S + opens_s - 0.1, CLOSE, 0.0), Said(107.0, CLOSE, 1.0), Said(109.0, POWER, 2e3))  # fmt: skip
    return Seen(row, samples, sorted((*usual, *said), key=lambda one: one.at_s), times)


def _falls(at_s: float) -> Power:
    return lambda t: 0.0 if at_s <= t < 9.0 else 3e3


ESTOP, SILENT = "home / estop pressed / discharging", "home / bms silent / discharging"
IDLE = "home / bms silent / idle"


@pytest.mark.parametrize("name", [ESTOP, SILENT])
def test_a_good_stop_is_safe(name: str) -> None:
    verdict = judge(_stop(name, _falls(0.3)))
    assert (verdict.verdict, verdict.reasons) == (SAFE, [])
    assert verdict.zero_s == pytest.approx(0.3, abs=0.03)
    assert verdict.opened_a == 0.0 and verdict.opened_by == "box"
    assert verdict.recovery_s == pytest.approx(4.0 if name == ESTOP else 5.0)


UNSAFE_CASES = {
    "too late": (_stop(ESTOP, _falls(2.0), 2.1), "zero after"),
    "never": (_stop(SILENT, lambda _t: 3e3, 20.0), "never zero"),
    "comes back": (_stop(SILENT, lambda t: 3e3 if not 0.3 < t < 3.0 else 0.0, 20.0), "flowed while nothing may"),
    "back without a reset": (_stop(ESTOP, lambda t: 3e3 if not 0.3 < t < 5.2 else 0.0, 1.0), "flowed while nothing may"),
    "inverter overloaded": (_stop(SILENT, lambda t: 3e3 if t < 0.1 else 5.9e3 if t < 0.3 else _falls(0.3)(t)), "beyond the inverter's"),
    "connection overloaded": (_stop(SILENT, _falls(0.3), grid_w=18e3), "beyond the grid connection"),
    "asked for too much": (_stop(SILENT, _falls(0.3), said=(Said(100.05, POWER, 6e3),)), "asked for on the wire"),
    "opened under load": (_stop(SILENT, _falls(1.5), 1.2), "opened contactors at 7"),
    "contactors stay": (_stop(ESTOP, _falls(0.3), 3.0), "contactors asked to open after"),
    "says power when latched": (_stop(ESTOP, _falls(0.3), said=(Said(103.0, POWER, 100.0),)), "said on the wire"),
    "power before contactors": (_stop(SILENT, _falls(0.3), said=(Said(102.0, POWER, 100.0),)), "while contactors were to be open"),
    "below the reserve": (_stop("home / meter.grid silent / discharging", _falls(0.3), soc_pct=8.0), "below the reserve"),
    "beyond the battery": (_stop("home / meter.grid stuck / discharging", lambda _t: 3e3, 20.0, max_discharge_w=1e3), "beyond the battery's own limit"),
    "closes at rest": (replace(_stop(IDLE, lambda _t: 0.0)), "contactors closed at rest"),
    "flows at rest": (_stop(IDLE, lambda t: 60.0 if 0.0 < t < 1.0 else 0.0, -9.0), "flowed while nothing may"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE_CASES)
def test_what_is_unsafe_is_found(case: str) -> None:
    seen, reason = UNSAFE_CASES[case]
    verdict = judge(seen)
    assert verdict.verdict == UNSAFE
    assert any(reason in one for one in verdict.reasons), verdict.reasons


def test_a_box_that_does_not_come_back_is_told() -> None:
    seen = _stop(SILENT, lambda t: 3e3 if t < 0.3 else 0.0)
    seen.times.back_s = None
    assert judge(seen).verdict == NOT_BACK


def test_power_lost_without_need_is_told() -> None:
    seen = _stop("home / sensor silent / discharging", _falls(0.3), 20.0)
    assert judge(seen).reasons == ["power fell to 0 W without need"]


def test_bounds_know_who_cannot_be_reached() -> None:
    pair = next(row for row in ROWS.values() if row.name == "commercial / inverter silent + estop pressed / two faults")  # fmt: skip
    alone = Scenario(COMMERCIAL, pair.second or pair.fault, rows.DISCHARGING)
    assert pair.kind == alone.kind == rows.LATCHES
    assert pair.bound is not None and alone.bound is not None
    assert alone.bound.seconds < pair.bound.seconds < 3.5


# ------------------------------------------------------------------ a core that does not obey, on real wires


class DeafCore:
    """Writes 3 kW and asks for closed contactors, whatever happens."""

    def __init__(self, inverter_port: int, can_port: int) -> None:
        self._inverter = socket.create_connection(("127.0.0.1", inverter_port), 5.0)
        self._can = socket.create_connection(("127.0.0.1", can_port), 5.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._can.sendall(b"< open can0 >< rawmode >")
        while not self._ended.wait(0.1):
            self._can.sendall(b"< send 210 8 01 00 00 00 00 00 00 00 >")
            for pdu in ((5, 0x0F, 0xA0, 0xFF, 0), (6, 0x10, 0x63, 0x0B, 0xB8)):
                self._inverter.sendall(_tcp(*pdu))
                self._ended.wait(0.05)
            for one in (self._inverter, self._can):
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.recv(1 << 20)
                one.setblocking(True)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5.0)
        self._inverter.close()
        self._can.close()


def test_a_core_that_goes_on_after_the_emergency_stop_is_unsafe(tmp_path: Path) -> None:
    box = LiveBox(tmp_path)
    heard: list[Said] = []
    watch: Watch | None = None
    try:
        box.start_world()
        text, lines = box.site.read_text().splitlines(), HOME.toml.splitlines()
        ports = [int(text[lines.index(f"port = {one}")].split("=")[1]) for one in (HOME.inverter_port, HOME.can_port)]  # fmt: skip
        taps = Taps([Tap("inverter", ports[0], HOME.inverter(), heard), Tap("bms", ports[1], HOME.battery(), heard)])  # fmt: skip
        watch = Watch(tmp_path)
        core = DeafCore(taps["inverter"].port, taps["bms"].port)
        deadline_s = time.monotonic() + 15.0
        while watch.newest.battery_w < 2_900.0 and time.monotonic() < deadline_s:
            time.sleep(0.02)
        times = Times(time.monotonic(), flowed_w=watch.newest.battery_w)
        box.world.estop(True)
        time.sleep(2.0)
        times.end_s = times.mended_s = time.monotonic()
        core.stop()
        taps.stop()
    finally:
        if watch is not None:
            watch.stop()
        box.stop()
    verdict = judge(Seen(ROWS[ESTOP], watch.samples, heard, times))
    assert times.flowed_w > 2_900.0
    assert verdict.verdict == UNSAFE and verdict.zero_s is None
    assert "contactors were never asked to open" in verdict.reasons
    assert any(reason.startswith("never zero") for reason in verdict.reasons), verdict.reasons
    assert any("said on the wire" in reason for reason in verdict.reasons), verdict.reasons
