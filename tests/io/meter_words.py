"""Words of pretend meters, and drivers that read them: no sockets."""

from collections.abc import Callable, Mapping

from appliance.io import meters
from appliance.io.buses import RefusedError
from appliance.io.meters import MeterDriver, Mounting
from appliance.io.registers import Ask, Kind
from appliance.model import MeterReading
from appliance.site import Meter

Words = Mapping[int, int]


def ask_of(words: Words, *, strict: bool = False) -> Ask:
    """Answers from a dictionary: 0, or with `strict` a refusal, where it holds nothing."""

    def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
        if strict and any(address + place not in words for place in range(count)):
            raise RefusedError(f"reading {address}: refused, no such register")
        return tuple(words.get(address + place, 0) for place in range(count))

    return ask


def make(
    name: str,
    mounting: Mounting = "normal",
    *,
    max_age_s: float = 10.0,
    options: Mapping[str, object] | None = None,
) -> MeterDriver:
    return meters.driver(
        Meter(driver=name, bus="lan", mounting=mounting, max_age_s=max_age_s, options=dict(options or {}))
    )  # fmt: skip


def read(driver: MeterDriver, words: Words) -> MeterReading:
    """What polling a device with these words gives; all others are 0."""
    return read_by(driver, lambda address: words.get(address, 0))


def read_by(driver: MeterDriver, word: Callable[[int], int]) -> MeterReading:
    values: dict[str, float | None] = {}
    for block in driver.blocks:
        cells = range(block.address, block.address + block.count)
        values |= block.decode([word(cell) for cell in cells])
    return driver.reading(values)


def low_first(address: int, number: int) -> dict[int, int]:
    """A 32-bit number as most of the makers' documents here print it."""
    return {address: number & 0xFFFF, address + 1: number >> 16 & 0xFFFF}


def high_first(address: int, number: int) -> dict[int, int]:
    return {address: number >> 16 & 0xFFFF, address + 1: number & 0xFFFF}


def believable(reading: MeterReading) -> None:
    """Nothing of it is beyond what a meter can measure."""
    for power in (reading.power_w, reading.reactive_var, reading.apparent_va):
        assert power is None or abs(power) <= 10e6
    assert reading.frequency_hz is None or 0.0 <= reading.frequency_hz <= 100.0
    assert reading.power_factor is None or 0.0 <= reading.power_factor <= 1.0
    for energy in (reading.import_wh, reading.export_wh):
        assert energy is None or 0.0 <= energy <= 1e11
    for phase in reading.phases:
        assert phase.voltage_v is None or -10.0 <= phase.voltage_v <= 2000.0
        assert phase.current_a is None or abs(phase.current_a) <= 5000.0
        assert phase.power_w is None or abs(phase.power_w) <= 10e6
