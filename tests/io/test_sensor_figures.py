"""Sensors without a wire: dew point, small files, curves, bits and options."""

import os
import time
from math import exp
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.io import sensors
from appliance.io.buses.files import MOST, Files, open_files
from appliance.io.sensors import cpu
from appliance.io.sensors._air import dew_point_c
from appliance.io.sensors._ntc import Curve, by_beta, by_points, load_curve
from appliance.io.sensors.i2c_table import Value
from appliance.site import SysFiles


@pytest.mark.parametrize(
    ("temperature_c", "humidity_pct", "dew_c"),
    [
        # Pairs from steam tables: saturation pressure of water at both temperatures.
        (20.0, 100.0, 20.0),
        (20.0, 50.0, 9.27),
        (30.0, 80.0, 26.17),
        (40.0, 20.0, 12.78),
        (5.0, 60.0, -2.15),
        (60.0, 30.0, 36.1),
    ],
)
def test_the_dew_point(temperature_c: float, humidity_pct: float, dew_c: float) -> None:
    assert dew_point_c(temperature_c, humidity_pct) == pytest.approx(dew_c, abs=0.15)


def test_air_that_is_not_known_has_no_dew_point() -> None:
    for air in ((None, 50.0), (20.0, None), (20.0, 0.0), (-50.0, 50.0), (20.0, 101.0)):
        assert dew_point_c(*air) is None


@given(st.floats(-20, 80), st.floats(3, 99), st.floats(0.5, 10))
def test_more_water_means_a_higher_dew_point_and_never_above_the_air(
    temperature_c: float, humidity_pct: float, more_pct: float
) -> None:
    dry_c = dew_point_c(temperature_c, humidity_pct)
    wet_c = dew_point_c(temperature_c, min(100.0, humidity_pct + more_pct))
    assert dry_c is not None and wet_c is not None
    assert dry_c < wet_c <= temperature_c + 1e-6


def test_small_files_are_read_and_written_whole(tmp_path: Path) -> None:
    files = open_files(SysFiles(kind="files", path=str(tmp_path)))
    (tmp_path / "status").write_text("1\n")
    assert files.number("status") == 1
    files.write("status", "0")
    assert (tmp_path / "status").read_text() == "0"
    (tmp_path / "long").write_text("1" * (MOST + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "words").write_text("on\n")
    for wrong in ("long", "binary", "words", "none", "."):
        with pytest.raises(OSError):
            files.number(wrong)
    with pytest.raises(OSError, match="no such folder"):
        open_files(SysFiles(kind="files", path=str(tmp_path / "none")))


def test_a_pipe_does_not_hang_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    started_s = time.monotonic()
    for ask in (lambda: Files(tmp_path).read("pipe"), lambda: Files(tmp_path).write("pipe", "1")):
        with pytest.raises(OSError):
            ask()
    assert time.monotonic() - started_s < 0.5


@pytest.mark.parametrize("bits", range(16))
def test_each_bit_has_its_word(bits: int) -> None:
    assert [cpu.WORDS.index(word) for word in cpu.words(bits)] == [
        place for place in range(4) if bits & 1 << place
    ]


def test_a_curve_of_points_agrees_with_its_formula(tmp_path: Path) -> None:
    def ohm(celsius: float) -> float:
        return 10_000.0 * exp(3_950.0 * (1 / (celsius + 273.15) - 1 / 298.15))

    points = [[float(c), ohm(c)] for c in range(-40, 105, 5)]
    path = tmp_path / "curve.toml"
    path.write_text(f"points = {points}\n")
    between, exactly = by_points(load_curve(str(path))), by_beta(10_000.0, 3_950.0)
    for tenths in range(-400, 1_001, 7):
        assert between(ohm(tenths / 10)) == pytest.approx(tenths / 10, abs=0.1)
        assert exactly(ohm(tenths / 10)) == pytest.approx(tenths / 10, abs=1e-6)
    assert between(ohm(-40.0)) == pytest.approx(-40.0) and between(ohm(100.0)) == pytest.approx(100)
    assert between(ohm(-41.0)) is None and between(ohm(101.0)) is None
    with pytest.raises(ValueError, match="must rise in °C and fall in Ω"):
        Curve(points=((20.0, 1_000.0), (30.0, 2_000.0)))


def test_the_curves_that_come_with_it() -> None:
    """By the B equation: 10 kΩ at 25 °C."""
    celsius = by_points(load_curve("ntc_10k_b3435"))
    for ohm, right_c in ((10_000.0, 25.0), (28_704.0, 0.0), (4_101.0, 50.0), (987.0, 100.0)):
        assert celsius(ohm) == pytest.approx(right_c, abs=0.1)
    assert celsius(1e7) is None, "a broken wire"
    assert celsius(10.0) is None, "a short circuit"
    other = by_points(load_curve("ntc_10k_b3950"))
    assert other(10_000.0) == pytest.approx(25.0)
    with pytest.raises(ValueError, match="cannot be read"):
        load_curve("ntc_of_nobody")


@given(
    st.integers(1, 4), st.booleans(), st.sampled_from(["big", "little"]), st.integers(), st.data()
)
def test_bits_mean_the_same_to_the_table_and_to_arithmetic(
    width: int, signed: bool, endianness: Any, any_number: int, data: st.DataObject
) -> None:
    low = data.draw(st.integers(0, 8 * width - 2))
    high = data.draw(st.integers(low + 1, 8 * width - 1))
    size = high - low + 1
    number = any_number % (1 << size) - ((1 << size - 1) if signed else 0)
    mask = (1 << size) - 1 << low
    row = Value.model_validate(
        {"register": 0, "width": width, "mask": mask, "signed": signed, "scale": 0.5,
         "offset": -3.0, "endianness": endianness, "min": -1e12, "max": 1e12}
    )  # fmt: skip
    noise = data.draw(st.integers(0, (1 << 8 * width) - 1)) & ~mask
    raw = (number << low & mask | noise).to_bytes(width, endianness)
    assert row.decode(raw) == number * 0.5 - 3.0


@pytest.mark.parametrize(
    ("driver", "options", "sentence"),
    [
        ("cpu", {"zone": -1}, "zone"),
        ("ads1115_ntc", {"channel": 4, "fixed_ohm": 1e4, "beta_k": 3950.0}, "channel"),
        ("ads1115_ntc", {"channel": 0, "fixed_ohm": 1e4}, "either beta_k or curve"),
        ("i2c_table", {}, "table"),
        ("bme680", {"colour": 1}, "colour"),
    ],
)
def test_wrong_options_are_refused_when_the_box_starts(
    driver: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        sensors.options(driver, options)
