"""A SunSpec device as it described itself: its models, its maker, and what it is made for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.io.plausible import plausible
from appliance.io.registers import Ask, Block, Register, grouped
from appliance.io.sunspec.model import Model
from appliance.io.sunspec.scan import BASES, COMMON, Place, read, scan

USED: Final = frozenset(
    {COMMON, *range(101, 104), *range(111, 114), *range(201, 205), *range(211, 215)}
)
"""Models of measurements, besides those that only an inverter has."""
USED_BY_INVERTERS: Final = USED | {120, 121, 123, 124, 160, 701, 702, 703, 704, 714, 715, 802}
MAX_GAP: Final = 24
"""Reading over so many words costs less than another request."""


@dataclass(frozen=True, slots=True)
class Device:
    """The models that matter, in the order of the device."""

    chain: tuple[Place, ...]
    models: tuple[Model, ...]

    def all(self, *numbers: int) -> tuple[Model, ...]:
        """Its models with one of these numbers."""
        return tuple(model for model in self.models if model.definition.id in numbers)

    def first(self, *numbers: int) -> Model | None:
        """Its first model with the earliest of these numbers that it has."""
        for number in numbers:
            for model in self.all(number):
                return model
        return None

    def known(self, *points: tuple[int, str]) -> float | None:
        """The first of these numbers (model, point) that is above zero; a rating of 0 is no rating."""
        for number, point in points:
            model = self.first(number)
            value = None if model is None else model.number(point)
            if value and value > 0.0 and plausible("rating_w", value) is not None:
                return value
        return None

    def title(self) -> str:
        """Maker, model, firmware and serial number, and which models it has."""
        (common,) = self.all(COMMON)[:1]
        words = [common.text(point) for point in ("Mn", "Md", "Vr", "SN")]
        numbers = ", ".join(str(place.model) for place in self.chain)
        return f"{' '.join(word for word in words if word)}: models {numbers}"


def discover(ask: Ask, used: frozenset[int], base: int | None) -> Device:
    """Scan a device and read the models in `used`. Raises WrongDeviceError, BusError."""
    chain = scan(ask, BASES if base is None else (base,))
    models = tuple(read(ask, place) for place in chain if place.model in used)
    return Device(chain, models)


def blocks(device: Device, rows: Iterable[Register]) -> tuple[Block, ...]:
    """What to read, model by model: some devices refuse a request that crosses from one into the next."""
    listed = tuple(rows)
    found: list[Block] = []
    for model in device.models:
        inside = range(model.address, model.address + len(model.words))
        found += grouped([row for row in listed if row.address in inside], max_gap=MAX_GAP)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Ratings:
    """Magnitudes in W and var; None: the device does not say."""

    full_w: float | None
    """What percentages are of."""
    charge_w: float | None
    discharge_w: float | None
    reactive_var: float | None

    def clamp(self, power_w: float) -> float:
        """Power that the device is made for, discharge +."""
        high = _least(self.discharge_w, self.full_w)
        low = _least(self.charge_w, self.full_w)
        return max(-low, min(high, power_w))


def ratings(device: Device) -> Ratings:
    """Settings before nameplate, newer models before older ones."""
    return Ratings(
        full_w=device.known((702, "WMax"), (702, "WMaxRtg"), (121, "WMax"), (120, "WRtg")),
        charge_w=device.known(
            (702, "WChaRteMax"), (702, "WChaRteMaxRtg"), (124, "WChaMax"), (120, "MaxChaRte")
        ),
        discharge_w=device.known(
            (702, "WDisChaRteMax"), (702, "WDisChaRteMaxRtg"), (120, "MaxDisChaRte")
        ),
        reactive_var=device.known(
            (702, "VarMaxInj"), (702, "VarMaxInjRtg"), (121, "VArMaxQ1"), (120, "VArRtgQ1")
        ),
    )


def _least(*sizes: float | None) -> float:
    return min((size for size in sizes if size is not None), default=float("inf"))
