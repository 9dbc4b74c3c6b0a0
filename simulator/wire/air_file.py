"""What a site.toml says of fans, heaters and relays, for the pretend ones."""

from dataclasses import dataclass

from simulator.wire.sitefile import Address, SiteFileError, Table, bus_of


@dataclass(frozen=True)
class RelayAt:
    """A relay: a channel of a Modbus board, a pin, or a file."""

    driver: str
    address: Address
    place: int
    """Channel from 1, or pin."""
    unit: int = 1
    file: str = ""


@dataclass(frozen=True)
class FanAt:
    """A fan: its PWM channel or its relay, and its tacho."""

    relay: str | None
    closed: bool
    """The contact is normally closed: the fan runs while the coil has no current."""
    folder: str = ""
    chip: int = 0
    channel: int = 0
    inverted: bool = False
    tach_folder: str = ""
    tach_file: str = ""
    tach_pin: int | None = None
    tach_address: Address = ("", 0)


@dataclass(frozen=True)
class AirAt:
    """All of them by name."""

    relays: dict[str, RelayAt]
    fans: dict[str, FanAt]
    heaters: dict[str, str]
    """The relay of each."""


def read_air(top: Table) -> AirAt:
    """From a whole site.toml. Raises SiteFileError."""
    buses, climate = top.table("buses"), top.table("climate")
    return AirAt(
        relays={name: _relay(one, buses) for name, one in top.table("relays").tables().items()},
        fans={name: _fan(one, buses) for name, one in climate.table("fans").tables().items()},
        heaters={
            name: one.get("relay", str) for name, one in climate.table("heaters").tables().items()
        },
    )


def _relay(table: Table, buses: Table) -> RelayAt:
    driver, address = table.get("driver", str), bus_of(table, buses)[0]
    if driver == "gpio":
        return RelayAt(driver, address, table.get("pin", int))
    if driver == "strato_pi":
        file = table.get("file", str, "class/stratopi/relay/status")
        return RelayAt(driver, address, 0, file=file)
    return RelayAt(driver, address, table.get("channel", int), table.get("unit", int, 1))


def _fan(table: Table, buses: Table) -> FanAt:
    relay = table.get("relay", str) if table.has("relay") else None
    pwm, tach = table.table("pwm"), table.table("tach")
    if relay is None and not table.has("pwm"):
        msg = f"{table.path}: a fan has pwm or a relay"
        raise SiteFileError(msg)
    tach_address = bus_of(tach, buses)[0] if table.has("tach") else ("", 0)
    return FanAt(
        relay=relay,
        closed=table.get("contact", str, "normally_closed") == "normally_closed",
        folder=bus_of(pwm, buses)[0][0] if table.has("pwm") else "",
        chip=pwm.get("chip", int, 0),
        channel=pwm.get("channel", int, 0),
        inverted=pwm.get("inverted", bool, False),
        tach_folder=tach_address[0],
        tach_file=tach.get("file", str, ""),
        tach_pin=tach.get("pin", int) if tach.has("pin") else None,
        tach_address=tach_address,
    )
