"""The pretend BME680 against the unmodified library for the real one."""

from itertools import count

from bme680 import BME680
from bme680.constants import DISABLE_GAS_MEAS
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.wire.bme680 import Bme680Twin


class Air:
    """What there is to measure."""

    def __init__(self) -> None:
        self.now = (20.0, 50.0, 1013.0)


class Bus:
    """The library's bus, wired straight to the chip."""

    def __init__(self, chip: Bme680Twin) -> None:
        self.chip = chip

    def read_byte_data(self, _address: int, register: int) -> int:
        return self.chip.read_byte(register)

    def write_byte_data(self, _address: int, register: int, value: int) -> None:
        self.chip.write_byte(register, value)

    def read_i2c_block_data(self, _address: int, register: int, length: int) -> list[int]:
        return [self.chip.read_byte(register + n) for n in range(length)]


AIR = Air()
SENSOR = BME680(0x76, Bus(Bme680Twin(lambda: AIR.now, now_s=count().__next__)))


@given(st.floats(-10, 60), st.floats(5, 95), st.floats(900, 1080))
@example(-10, 5, 900)
@example(-10, 95, 1080)
@example(60, 5, 1080)
@example(60, 95, 900)
def test_the_library_reads_back_the_air(
    temperature_c: float, humidity_pct: float, pressure_hpa: float
) -> None:
    AIR.now = (temperature_c, humidity_pct, pressure_hpa)
    assert SENSOR.get_sensor_data()
    assert abs(SENSOR.data.temperature - temperature_c) < 0.1
    assert abs(SENSOR.data.humidity - humidity_pct) < 0.5
    assert abs(SENSOR.data.pressure - pressure_hpa) < 1.0


def test_a_measurement_takes_its_time_and_reads_the_air_at_its_end() -> None:
    now_s = 0.0
    asked: list[float] = []

    def air() -> tuple[float, float, float]:
        asked.append(now_s)
        return 20.0, 50.0, 1000.0

    chip = Bme680Twin(air, now_s=lambda: now_s)
    assert chip.read_byte(0xD0) == 0x61
    assert chip.read_byte(0x1D) == 0, "nothing measured yet"
    chip.write_byte(0x72, 0x02)  # humidity twice
    chip.write_byte(0x74, 4 << 5 | 3 << 2 | 1)  # temperature 8 times, pressure 4 times, go
    now_s = 0.025
    assert chip.read_byte(0x1D) == 0x20, "measuring"
    assert asked == []
    now_s = 0.030
    assert chip.read_byte(0x1D) == 0x80, "new data"
    assert chip.read_byte(0x74) & 3 == 0, "asleep again"
    assert asked == [0.030]


def test_gas_is_valid_only_when_it_was_asked_for() -> None:
    SENSOR.get_sensor_data()
    assert SENSOR.data.heat_stable
    assert 10_000 < SENSOR.data.gas_resistance < 1_000_000
    SENSOR.set_gas_status(DISABLE_GAS_MEAS)
    SENSOR.get_sensor_data()
    assert not SENSOR.data.heat_stable


def test_a_reset_forgets_the_settings_and_keeps_the_calibration() -> None:
    chip = Bme680Twin(lambda: AIR.now)
    calibration = [chip.read_byte(register) for register in range(0x89, 0xA2)]
    chip.write_byte(0x75, 0x08)
    chip.write_byte(0xD0, 0x00)  # read-only
    assert chip.read_byte(0x75) == 0x08
    chip.write_byte(0xE0, 0xB6)
    assert chip.read_byte(0x75) == 0
    assert chip.read_byte(0xD0) == 0x61
    assert [chip.read_byte(register) for register in range(0x89, 0xA2)] == calibration
