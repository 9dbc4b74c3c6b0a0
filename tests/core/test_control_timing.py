"""The control loop on the computer's clock: its timer and its bell."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from appliance.clock import SystemClock
from appliance.config import build_modes
from appliance.control_loop import SHORTEST_CYCLE_S, ControlLoop
from appliance.cycle import Cycle
from appliance.mailbox import Slots
from appliance.model import BoardReading, GoToMode, MeterReading, Request
from appliance.supervisor import Lease
from tests.core.rig import SITE

AT_ONCE_S = 0.05


@contextmanager
def living(period_s: float) -> Iterator[Slots]:
    """The loop in its own thread on the computer's clock."""
    control = SITE.control.model_copy(update={"period_s": period_s})
    site = SITE.model_copy(update={"control": control})
    clock, slots = SystemClock(), Slots.create(("grid", "pv"), ("box",))
    cycle = Cycle(site, *build_modes(site))
    lease = Lease(clock)
    loop = ControlLoop(cycle, slots, site, clock, tuple)
    thread = threading.Thread(target=loop.run, args=(lease,), name="control", daemon=True)
    thread.start()
    assert slots.decision.wait_newer(0, 2.0)
    try:
        yield slots
    finally:
        lease.end()
        thread.join(2.0)
        assert not thread.is_alive()


def test_the_timer_ticks_without_a_bell() -> None:
    with living(0.05) as slots:
        slots.recorded.drain()
        time.sleep(0.5)
        assert 5 <= len(slots.recorded.drain()) <= 11


def by_grid(slots: Slots, number: int) -> None:
    slots.meters["grid"].put(MeterReading(float(number)), time.monotonic())


def by_board(slots: Slots, number: int) -> None:
    slots.board.put(BoardReading(estop_pressed=number % 2 == 0), time.monotonic())


def by_request(slots: Slots, number: int) -> None:
    slots.requests.put(Request(str(number), "ctl", GoToMode("passive")))


@pytest.mark.parametrize("ring", [by_grid, by_board, by_request])
def test_the_bell_makes_a_cycle_at_once(ring: Callable[[Slots, int], None]) -> None:
    waited_s = []
    with living(0.3) as slots:
        for number in range(5):
            time.sleep(SHORTEST_CYCLE_S)
            last = slots.decision.newest()
            assert last is not None
            rung_s = time.monotonic()
            ring(slots, number)
            assert slots.decision.wait_newer(last.number, 2.0)
            waited_s.append(time.monotonic() - rung_s)
    # The median: this computer may be busy with something else once.
    assert sorted(waited_s)[2] < AT_ONCE_S, waited_s


def test_a_bell_that_rings_all_the_time_does_not_make_cycles_faster() -> None:
    with living(0.3) as slots:
        slots.recorded.drain()
        start_s = time.monotonic()
        while time.monotonic() - start_s < 0.5:
            slots.wake.ring()
            time.sleep(0.001)
        cycles = len(slots.recorded.drain())
        passed_s = time.monotonic() - start_s
    timer = passed_s / 0.3 + 1
    assert 5 <= cycles <= passed_s / SHORTEST_CYCLE_S + timer + 1


def test_the_end_waits_for_one_period_at_most() -> None:
    with living(0.3):
        end_s = time.monotonic()
    assert time.monotonic() - end_s < 0.4
