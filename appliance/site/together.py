"""What does not fit together in one site.toml: every check is asked, so that all mistakes are told at once."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Final

from appliance.site.climate import Pwm
from appliance.site.devices import INVERTER_SPEAKS, Driven
from appliance.site.features import contradictions, mode_lacks
from appliance.site.grid import USUAL
from appliance.site.outputs import BoardRelay, relay_mistakes
from appliance.site.twice import twice
from appliance.site.wires import CanBus, LxpDongle, LxpSerial, ModbusRtu, ModbusTcp

if TYPE_CHECKING:
    from appliance.site.box import SiteSettings

LEVELS: Final = (
    ("frequency", "recommended_low_hz", "recommended_high_hz"),
    ("voltage", "recommended_low_pu", "recommended_high_pu"),
)


def _grid_levels_are_inside_its_stages(site: "SiteSettings") -> Iterator[str]:
    trips = (site.grid_code or USUAL).trips
    for what, low, high in LEVELS:
        lowest = min(trip.at for trip in trips if (trip.what, trip.side) == (what, "below"))
        highest = max(trip.at for trip in trips if (trip.what, trip.side) == (what, "above"))
        for name in (low, high):
            value = getattr(site.grid, name)
            if not lowest <= value <= highest:
                yield f"grid.{name} = {value:g} must be between {lowest:g} and {highest:g}, where all stops"


def _grid_is_metered(site: "SiteSettings") -> Iterator[str]:
    if "grid" not in site.meters:
        yield "meters.grid is missing: the box needs the meter at the grid connection"


def _reactive_has_what_it_needs(site: "SiteSettings") -> Iterator[str]:
    """Whatever it follows: an inverter that may, and figures."""
    reactive, most_var = site.reactive, site.inverter.max_reactive_var
    policy = reactive.policy
    if policy != "off" and most_var == 0.0:
        yield f"reactive.policy = {policy!r} needs inverter.max_reactive_var above 0"
    elif policy == "fixed_var" and abs(reactive.fixed_var) > most_var:
        yield f"reactive.fixed_var = {reactive.fixed_var:g} is more than inverter.max_reactive_var = {most_var:g}"
    if policy not in ("q_u", "cos_phi_p") or getattr(reactive, policy) is not None:
        return
    if getattr(site.grid_code, policy, None) is None:
        yield f"reactive.{policy} is missing, and the grid code has none: its points, or another policy"


def _addresses_are_used_once(site: "SiteSettings") -> Iterator[str]:
    sockets = {
        f"buses.{name}": f"{bus.host}:{bus.port}"
        for name, bus in site.buses.items()
        if isinstance(bus, ModbusTcp | LxpDongle)
        or (isinstance(bus, CanBus) and bus.interface == "socketcand")
    }
    yield from twice("address", sockets)
    ports = {
        f"buses.{name}": bus.path
        for name, bus in site.buses.items()
        if isinstance(bus, ModbusRtu | LxpSerial)
    }
    yield from twice("serial port", ports)
    units = {f"meters.{name}": f"{one.bus} unit {one.unit}" for name, one in site.meters.items()}
    units["inverter"] = f"{site.inverter.bus} unit {site.inverter.unit}"
    units |= {
        f"relay board {relay.bus} {relay.unit}": f"{relay.bus} unit {relay.unit}"
        for relay in site.relays.values()
        if isinstance(relay, BoardRelay)
    }
    yield from twice("place on a bus", units)


def _folders_differ(site: "SiteSettings") -> Iterator[str]:
    if site.data_folder == site.run_folder:
        yield f"data_folder = run_folder = {site.run_folder!r}: one survives, the other is emptied"


def _buses_exist(site: "SiteSettings") -> Iterator[str]:
    users: dict[str, Driven] = {
        "battery": site.battery,
        "inverter": site.inverter,
        "board": site.board,
    }
    users |= {f"meters.{name}": meter for name, meter in site.meters.items()}
    users |= {f"sensors.{name}": sensor for name, sensor in site.sensors.items()}
    for user, device in users.items():
        bus = site.buses.get(device.bus)
        if bus is None:
            known = ", ".join(sorted(site.buses))
            yield f"{user}.bus = {device.bus!r} is not in buses ({known})"
        elif device is site.battery and site.battery.driver == INVERTER_SPEAKS:
            if device.bus != site.inverter.bus:
                yield f"battery.bus = {device.bus!r} must be the inverter's: {site.inverter.bus!r}"
        elif bus.kind not in device.BUSES:
            may = " or ".join(sorted(device.BUSES))
            yield f"{user}.bus = {device.bus!r} is {bus.kind}, must be {may}"


def _file_buses_exist(site: "SiteSettings") -> Iterator[str]:
    users = {
        "board.files": site.board.files,
        "watchdog.strato_pi.files": site.watchdog.strato_pi.files,
    }
    for user, name in users.items():
        if name is not None and getattr(site.buses.get(name), "kind", None) != "files":
            yield f"{user} = {name!r} is not in buses, or not of kind files"
    if "strato_pi" in site.watchdog.kind and site.watchdog.strato_pi.files is None:
        yield "watchdog.strato_pi.files is missing: the bus of kind files with the board"


def _features_are_there(site: "SiteSettings") -> Iterator[str]:
    yield from contradictions(site)
    if site.backup is not None:
        yield from site.backup.feedback_mistakes(site.relays, list(site.board.buttons))


def _modes_are_there(site: "SiteSettings") -> Iterator[str]:
    """Modes that are named and that this box does not have."""
    control = site.control
    named = {"start_mode": control.start_mode}
    named |= {f"beside.{at}.mode": one.mode for at, one in enumerate(control.beside)}
    named |= {f"schedule.{at}.mode": one.mode for at, one in enumerate(control.schedule)}
    for where, name in named.items():
        missing = mode_lacks(site, name)
        if missing:
            yield f"control.{where} = {name!r}: {missing}"


def _relays_fit(site: "SiteSettings") -> Iterator[str]:
    """Every name is there, every relay has one user."""
    climate, sleep = site.climate, site.battery.sleep.relay
    used = [] if sleep is None else [("battery.sleep.relay", sleep)]
    used += [] if climate is None else list(climate.relays())
    used += [] if site.backup is None else site.backup.relays()
    yield from relay_mistakes(site.relays, used)
    for path, sensor in () if climate is None else climate.sensors():
        if sensor not in site.sensors:
            yield f"{path} = {sensor!r} is not in sensors"


def _outputs_are_on_their_buses(site: "SiteSettings") -> Iterator[str]:
    wires = {f"relays.{name}": (relay.bus, relay.BUSES) for name, relay in site.relays.items()}
    for path, wire in () if site.climate is None else site.climate.wires():
        wires[path] = wire.bus, wire.BUSES
    for path, (bus, kinds) in wires.items():
        kind = site.buses[bus].kind if bus in site.buses else "not in buses"
        if kind not in kinds:
            yield f"{path}.bus = {bus!r} is {kind}, must be {' or '.join(sorted(kinds))}"


def _places_are_used_once(site: "SiteSettings") -> Iterator[str]:
    """Pins and units that relays must leave to others, and the pins of fans."""
    places = {f"relays.{name}": relay.place for name, relay in site.relays.items()}
    places |= {
        f"board.{path}": f"{site.board.bus} pin {pin}" for path, pin in site.board.pins().items()
    }
    for path, wire in () if site.climate is None else site.climate.wires():
        if isinstance(wire, Pwm):
            places[path] = f"{wire.bus} chip {wire.chip} channel {wire.channel}"
        else:
            places[path] = f"{wire.bus} {wire.file}" if wire.file else f"{wire.bus} pin {wire.pin}"
    return twice("place", places)


CHECKS: Final[tuple[Callable[["SiteSettings"], Iterator[str]], ...]] = (
    _grid_levels_are_inside_its_stages,
    _grid_is_metered,
    _reactive_has_what_it_needs,
    _addresses_are_used_once,
    _folders_differ,
    _buses_exist,
    _file_buses_exist,
    _features_are_there,
    _modes_are_there,
    _relays_fit,
    _outputs_are_on_their_buses,
    _places_are_used_once,
)


def mistakes_together(site: "SiteSettings") -> Iterator[str]:
    """Of all checks."""
    return chain.from_iterable(check(site) for check in CHECKS)
