"""Buses: sockets, timeouts, retries; no meaning."""


class BusError(Exception):
    """A device or its bus did not answer, or not sensibly; the text says what happened."""


class RefusedError(BusError):
    """The device answered, and the answer is no (a Modbus exception)."""


class WrongDeviceError(BusError):
    """Something answers, but it is not what site.toml says; the text names what it is."""
