"""Words to numbers and back, and few requests for many registers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.io.plausible import plausible
from appliance.io.registers import Register, Type, grouped


def register(address: int = 0, size: Type = "u16", **more: object) -> Register:
    return Register(address, size, f"r{address}", "here", **more)  # type: ignore[arg-type]


def test_signed_scaled_and_word_order() -> None:
    assert register(size="i16", scale=0.1).decode([0xFF38]) == pytest.approx(-20.0)
    assert register(size="i32").decode([0xFFFF, 0xFC18]) == -1000.0
    assert register(size="i32", low_word_first=True).decode([0xFC18, 0xFFFF]) == -1000.0
    assert register(size="f32").decode([0x447A, 0x0000]) == 1000.0
    assert register(size="bit").decode([1]) == 1.0


@given(st.integers(-(2**31), 2**31 - 1), st.booleans())
def test_what_is_encoded_decodes_to_itself(number: int, low_word_first: bool) -> None:
    row = register(size="i32", low_word_first=low_word_first)
    assert row.decode(row.encode(number)) == number


def test_invalid_markers_and_impossible_numbers_are_not_known() -> None:
    assert register(size="i32", invalid=(0x7FFFFFFF,)).decode([0x7FFF, 0xFFFF]) is None
    assert Register(0, "f32", "total_w", "here").decode([0x7FC0, 0]) is None
    assert Register(0, "u16", "l1_v", "here").decode([0xFFFE]) is None


def test_a_value_that_does_not_fit_is_refused() -> None:
    for wrong in (40_000.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="does not fit"):
            register(size="i16").encode(wrong)


def test_neighbours_share_a_request_up_to_the_gap_and_the_length() -> None:
    rows = [register(0), register(1), register(5), register(20), register(30, kind="input")]
    assert [(b.kind, b.address, b.count) for b in grouped(rows, max_gap=3)] == [
        ("holding", 0, 6),
        ("holding", 20, 1),
        ("input", 30, 1),
    ]
    assert [
        (b.address, b.count) for b in grouped([register(n) for n in range(7)], max_words=3)
    ] == [
        (0, 3),
        (3, 3),
        (6, 1),
    ]


def test_slow_and_optional_registers_come_later_and_apart() -> None:
    rows = [register(0, slow=True), register(1), register(2, slow=True, optional=True)]
    assert [(b.address, b.slow, b.optional) for b in grouped(rows, max_gap=9)] == [
        (1, False, False),
        (0, True, False),
        (2, True, True),
    ]


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("cell_max_v", 3.3, True),
        ("cell_max_v", 6.5, False),
        ("cell_min_v", -0.1, False),
        ("cell_max_c", 121.0, False),
        ("soc_pct", 100.4, True),
        ("soc_pct", 131.0, False),
        ("power_w", 2e7, False),
        ("power_w", math.nan, False),
        ("voltage_v", math.inf, False),
        ("state", 5.0, True),
    ],
)
def test_bounds_go_by_the_unit(name: str, value: float, known: bool) -> None:
    assert plausible(name, value) == (value if known else None)
