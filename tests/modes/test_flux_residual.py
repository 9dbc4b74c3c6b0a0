"""What the site would draw without the battery: what counts, smoothed, forgotten, for waking."""

from math import exp

import msgspec
import pytest

from appliance.modes._residual import Residual, residual_now_w
from tests.modes.flux_world import look, memory, site
from tests.stories import inverter

NAN = float("nan")


def said(smoothing_s: float, *steps: tuple[float, float | None]) -> list[float | None]:
    """What is answered when the meter says so much at so many seconds."""
    residual = Residual(site(), smoothing_s)
    return [residual.step(look(now_s=now_s, grid_w=grid_w), memory()) for now_s, grid_w in steps]


def test_it_begins_with_what_it_reads_and_follows_in_its_time() -> None:
    answers = said(1.5, (0.0, 1_000.0), (1.5, 2_000.0), (3.0, 2_000.0))
    assert answers == pytest.approx([1_000.0, 2_000.0 - 1_000.0 * exp(-1), 2_000.0 - 1_000.0 * exp(-2)])  # fmt: skip


def test_without_smoothing_it_is_what_is_read() -> None:
    assert said(0.0, (0.0, 1_000.0), (0.1, 2_000.0)) == [1_000.0, 2_000.0]


@pytest.mark.parametrize(
    ("passed_s", "forgotten"), [(0.0, False), (5.0, False), (5.001, True), (-0.001, True)]
)
def test_after_a_pause_it_begins_anew(passed_s: float, forgotten: bool) -> None:
    _, then_w = said(10.0, (100.0, 1_000.0), (100.0 + passed_s, 2_000.0))
    assert then_w is not None
    assert (then_w == 2_000.0) == forgotten


@pytest.mark.parametrize("silent_w", [None, NAN])
def test_after_a_silence_it_begins_anew(silent_w: float | None) -> None:
    answers = said(1.5, (0.0, 1_000.0), (0.1, silent_w), (0.2, 2_000.0))
    assert answers == [1_000.0, None, 2_000.0]


def test_for_waking_it_is_as_read_now() -> None:
    seen, before = look(grid_w=300.0, battery_w=-1_000.0), memory(commanded_w=-400.0)
    assert residual_now_w(seen, before) == -700.0
    for silent in (None, inverter(NAN), msgspec.structs.replace(inverter(), power_w=None)):
        assert residual_now_w(msgspec.structs.replace(seen, inverter=silent), before) == -100.0
    for grid_w in (None, NAN):
        assert residual_now_w(look(grid_w=grid_w), before) is None
