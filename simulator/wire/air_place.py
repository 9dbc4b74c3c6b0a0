"""Puts the fans, heaters and relays of a site.toml where the box expects them."""

from collections.abc import Callable

from simulator.models.climate import Cabinet
from simulator.models.rack import LOSS_W_PER_K_AH
from simulator.models.site import Site
from simulator.wire.air import Air, Coil, file_coil, pin_coil
from simulator.wire.air_file import AirAt, RelayAt, read_air
from simulator.wire.modbus import Unit
from simulator.wire.pigpiod import Pigpiod
from simulator.wire.plugs import Plugs
from simulator.wire.relay_board import BOARDS, RelayBoard, relay_unit
from simulator.wire.sitefile import Address, SiteFileError, Table

AddUnit = Callable[[Address, int, Unit], None]
GetDaemon = Callable[[Address], Pigpiod]


def place_air(
    whole: Table, site: Site, plugs: Plugs, add_unit: AddUnit, daemon: GetDaemon
) -> Air | None:
    """None when the site has neither relays nor fans. Raises SiteFileError."""
    at = read_air(whole)
    if not (at.relays or at.fans):
        return None
    coils = _coils(at, plugs, add_unit, daemon)
    missing = {*at.heaters.values(), *(fan.relay for fan in at.fans.values() if fan.relay)}
    if unknown := missing - set(coils):
        msg = f"climate: no relay {', '.join(sorted(unknown))}"
        raise SiteFileError(msg)
    still_w_per_k = sum(
        LOSS_W_PER_K_AH * rack.capacity_ah * rack.cell_count for rack in site.battery.racks
    )
    cabinet = Cabinet(at.fans, at.heaters, still_w_per_k, site.box_temperature_c)
    if at.fans or at.heaters:
        site.cabinet = cabinet
    fans = {name: plugs.add(f"fan.{name}") for name in at.fans}
    return Air(at, cabinet, coils, fans, daemon, _house(whole, site, coils))


def _house(whole: Table, site: Site, coils: dict[str, Coil]) -> Callable[[], None]:
    """Brings the island switch and the loads that may be shed to the house, as their coils say."""
    backup = whole.table("backup")
    switch = backup.table("switch")
    name = switch.get("relay", str) if switch.has("relay") else ""
    closed = switch.get("contact", str, "normally_open") == "normally_closed"
    loads = [
        (one.get("relay", str), one.get("contact", str, "normally_closed") == "normally_closed")
        for one in backup.table("loads").tables().values()
    ]

    def separate() -> None:
        house = site.house
        house.switch_open = name in coils and coils[name]() is closed
        house.shed = tuple([relay for relay, sheds in loads if coils[relay]() is sheds])

    return separate


def _coils(at: AirAt, plugs: Plugs, add_unit: AddUnit, daemon: GetDaemon) -> dict[str, Coil]:
    boards: dict[tuple[Address, int], RelayBoard] = {}
    coils: dict[str, Coil] = {}
    for name, relay in at.relays.items():
        if relay.driver == "gpio":
            coils[name] = pin_coil(daemon(relay.address), relay.place)
        elif relay.driver == "strato_pi":
            coils[name] = file_coil(relay.address[0], relay.file)
        elif relay.driver in BOARDS:
            board = _board(relay, boards, plugs, add_unit)
            coils[name] = _board_coil(board, relay.place)
        else:
            known = ", ".join(["gpio", "strato_pi", *BOARDS])
            msg = f"the simulator cannot stand in for relay {relay.driver!r}; it knows: {known}"
            raise SiteFileError(msg)
    return coils


def _board(
    relay: RelayAt,
    boards: dict[tuple[Address, int], RelayBoard],
    plugs: Plugs,
    add_unit: AddUnit,
) -> RelayBoard:
    key = relay.address, relay.unit
    if key not in boards:
        number = len(boards) + 1
        boards[key], unit = relay_unit(relay.driver, plugs.add(f"relays.{number}"))
        add_unit(relay.address, relay.unit, unit)
    return boards[key]


def _board_coil(board: RelayBoard, channel: int) -> Coil:
    return lambda: board.on[channel - 1]
