"""Relays of the box itself: on a pin, or on a Strato Pi. Every call raises OSError when it fails."""

from collections.abc import Mapping
from typing import Final, Protocol

from appliance.io.buses.files import Files, open_files
from appliance.io.buses.gpio import OutputPin, Pins, open_pins
from appliance.site import Bus, Gpio, PinRelay, StratoRelay, SysFiles

LOCAL_TITLES: Final = {
    "gpio": "Relay on a pin (not verified on hardware)",
    "strato_pi": "Relay of a Strato Pi CAN (not verified on hardware)",
}


class Relay(Protocol):
    """One relay. Opening it lets it go."""

    def set(self, on: bool) -> None:
        """Energise the coil, or let it go; may be repeated. Raises OSError."""

    def on(self) -> bool | None:
        """Energised now, as read back; None where it cannot be asked. Raises OSError."""

    def close(self) -> None:
        """Give it back."""


class GpioRelay:
    """A coil behind a pin. What is read back is not known: the pin may be right and the coil broken."""

    def __init__(self, settings: PinRelay, pins: Pins) -> None:
        self._pins = pins
        self._pin: OutputPin = pins.output(settings.pin)
        self.set(False)

    def set(self, on: bool) -> None:
        """Energise, or let go."""
        self._pin.write(on)

    def on(self) -> bool | None:
        """Not asked."""
        return None

    def close(self) -> None:
        """The pin becomes an input again."""
        self._pins.close()


class StratoPiRelay:
    """The kernel module's file: `relay/status` holds 0 or 1 (strato-pi-kernel-module v1.29, README.md)."""

    def __init__(self, settings: StratoRelay, files: Files) -> None:
        self._files, self._file = files, settings.file
        self.set(False)

    def set(self, on: bool) -> None:
        """Energise, or let go. Never F, which would turn it over."""
        self._files.write(self._file, "1" if on else "0")

    def on(self) -> bool | None:
        """What the module says."""
        return self._files.number(self._file) != 0

    def close(self) -> None:
        """Nothing is held open."""
        self._files.close()


def open_relay(settings: PinRelay | StratoRelay, buses: Mapping[str, Bus]) -> Relay:
    """The relay that site.toml describes, let go. Raises OSError; ValueError for a wrong bus."""
    bus = buses[settings.bus]
    match settings, bus:
        case PinRelay(), Gpio():
            return GpioRelay(settings, open_pins(bus))
        case StratoRelay(), SysFiles():
            return StratoPiRelay(settings, open_files(bus))
        case _:
            msg = f"bus = {settings.bus!r} is {bus.kind}; a relay by {settings.driver} cannot be on it"
            raise ValueError(msg)
