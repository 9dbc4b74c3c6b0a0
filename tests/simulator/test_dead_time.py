"""The pretend inverter does late what it was told at once, and forgets what it is told to forget."""

import pytest

from simulator.models.inverter import Inverter
from simulator.wire.dead_time import DeadTime


def follow(late: DeadTime, inverter: Inverter, steps: int) -> list[float]:
    """What it does in each step of an eighth of a second; what it says it was told is the newest."""
    told_w, done = inverter.setpoint_w, []
    for _ in range(steps):
        late.step(inverter, 0.125, lambda: done.append(inverter.setpoint_w))
        assert inverter.setpoint_w == (told_w if inverter.on else 0.0)
    return done


def test_a_setpoint_is_due_after_the_lag() -> None:
    late, inverter = DeadTime(), Inverter()
    inverter.on = True
    follow(late, inverter, 3)
    late.set(0.5)
    inverter.setpoint_w = 900.0
    assert follow(late, inverter, 7) == [0.0] * 4 + [900.0] * 3
    inverter.setpoint_w = -400.0
    assert follow(late, inverter, 6) == [900.0] * 4 + [-400.0] * 2
    late.set(None)
    inverter.setpoint_w = 100.0
    assert follow(late, inverter, 2) == [100.0, 100.0]


def test_what_is_off_owes_nothing() -> None:
    late, inverter = DeadTime(), Inverter()
    inverter.on = True
    late.set(0.3)
    inverter.setpoint_w = 900.0
    follow(late, inverter, 2)
    inverter.on = False
    follow(late, inverter, 1)
    inverter.on = True
    assert follow(late, inverter, 5) == [0.0] * 5


@pytest.mark.parametrize("wrong_s", [-0.1, 11.0])
def test_a_lag_out_of_range_is_refused(wrong_s: float) -> None:
    with pytest.raises(ValueError, match="inverter_lag_s"):
        DeadTime().set(wrong_s)
