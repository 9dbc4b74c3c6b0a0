"""A LuxPower whose answers are lost: it is polled slowly, and told zero all the same, the flowing way first."""

from datetime import UTC, datetime

import pytest

from appliance.clock import VirtualClock
from appliance.io._polled import Polled
from appliance.io.buses import BusError
from appliance.io.inverters._luxpower_command import Commander, Options
from appliance.io.registers import Ask, Block, Write
from appliance.site.devices import Device


class Silent:
    """Is only identified."""

    blocks: tuple[Block, ...] = ()
    refresh_s = 1.0

    def identify(self, ask: Ask) -> None:
        del ask


@pytest.mark.parametrize(
    ("max_age_s", "after_s", "same"),
    [(1.0, 3.0, True), (1.0, 3.1, False), (12.0, 12.0, True), (12.0, 12.1, False)],
)
def test_a_device_is_the_same_while_what_it_said_last_counts(
    max_age_s: float, after_s: float, same: bool
) -> None:
    settings = Device(driver="luxpower_lxp", bus="dongle", poll_s=0.5, max_age_s=max_age_s)
    polled = Polled("inverter", settings, Silent(), lambda _values, _at_s: None, 100.0)
    assert not polled.is_the_same(100.0), "never identified"
    polled._identified_after = 0
    assert polled.is_the_same(100.0 + after_s) is same


class Round(Silent):
    """Two requests; the second is slow."""

    blocks: tuple[Block, ...] = (
        Block("input", 0, 1, (), slow=False, optional=False),
        Block("holding", 64, 1, (), slow=True, optional=False),
    )


class SlowBus:
    """Each request takes 4 s; from then on only the first of a round is answered."""

    connections = 1

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.loses = False

    def connect(self) -> None:
        """It is."""

    def close(self) -> None:
        """Nothing to do."""

    def write(self, write: Write, unit: int) -> None:
        """Taken."""

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """After 4 s."""
        del unit
        self._clock.advance(4.0)
        if self.loses and block.slow:
            msg = "no sensible answer"
            raise BusError(msg)
        return (0,)


def test_an_answer_in_a_round_that_failed_later_was_heard() -> None:
    clock = VirtualClock(datetime(2026, 11, 21, tzinfo=UTC))
    settings = Device(driver="luxpower_lxp", bus="dongle", poll_s=0.5, max_age_s=12.0)
    polled = Polled("inverter", settings, Round(), lambda _values, _at_s: None, 0.0)
    bus = SlowBus(clock)
    polled.poll(bus, clock, lambda: None)
    bus.loses = True
    polled.poll(bus, clock, lambda: None)
    assert polled.silent
    assert polled.is_the_same(12.0 + 12.0), "its last answer came 12 s after the start"
    assert not polled.is_the_same(12.0 + 12.1)


@pytest.mark.parametrize(("power_w", "first_at"), [(2_000.0, 65), (-2_000.0, 64)])
def test_zero_begins_with_the_way_that_flows(power_w: float, first_at: int) -> None:
    commander = Commander(Options(rated_w=10_000.0), {"charge": 5e3, "discharge": 5e3})
    commander.held = {"charge_limit": 0, "discharge_limit": 0}
    commander.carry(power_w, {}, 600)
    first = commander.stop({}, on=False)[0]
    assert first.holds is None, "found at zero, but let go since: the zero is to be written"
    zero = [(write.address, write.words) for write in commander.stop({}, on=False)]
    assert zero[0] == (first_at, (0,))
    assert {address for address, _ in zero} == {64, 65}
