"""The box itself, and the whole of one site.toml."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Celsius, Name, Settings
from appliance.site.backup import Backup
from appliance.site.battery import Battery
from appliance.site.blackbox import BlackBox
from appliance.site.board import Board
from appliance.site.climate import Climate, Pwm
from appliance.site.devices import INVERTER_SPEAKS, Device, Inverter, Meter, Sensor
from appliance.site.features import Features, contradictions
from appliance.site.grid import USUAL, Connection, Grid
from appliance.site.grid_code import GridCode
from appliance.site.market import MarketFiles
from appliance.site.modes import PRIORITIES, Beside, Scheduled
from appliance.site.outputs import BoardRelay, Relay, relay_mistakes
from appliance.site.periods import Zone
from appliance.site.reactive import Reactive
from appliance.site.storage import Storage
from appliance.site.twice import refuse_twice
from appliance.site.watchdog import Watchdog
from appliance.site.wires import Bus, CanBus, LxpDongle, LxpSerial, ModbusRtu, ModbusTcp

Language = Literal["en", "da", "sv", "de"]
"""What the box says to people is in appliance/locale; English is in the code."""


class Box(Settings):
    """Air in the box."""

    warm_c: Celsius = 60.0
    """Above this the battery rests until it is cooler."""
    critical_c: Celsius = 75.0
    """Above this the box stops: its electronics are made for no more."""
    computer_critical_c: Celsius = 95.0
    """A Raspberry Pi 4 or 5 slows down from 80 or 85 °C on; this hot, that does not help."""
    humid_pct: Annotated[float, Field(gt=0, le=100)] = 85.0
    """Relative humidity."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.warm_c >= self.critical_c:
            msg = f"warm_c = {self.warm_c:g} must be below critical_c = {self.critical_c:g}"
            raise ValueError(msg)
        return self


class Control(Settings):
    """The control loop."""

    period_s: Annotated[float, Field(ge=0.02, le=0.3)] = 0.1
    ramp_w_per_s: Annotated[float, Field(gt=0, le=10e6)] | None = None
    """So fast power may rise; it falls at once. None: as fast as the mode wants."""
    start_mode: Name = "self_consumption"
    """The mode in use until somebody chooses another."""
    schedule: tuple[Scheduled, ...] = ()
    """Which mode is in use when; outside of all entries `start_mode`. A choice by hand holds until it changes."""
    beside: tuple[Beside, ...] = ()
    """Modes that are asked together with the one in use."""
    priorities: tuple[Name, ...] = PRIORITIES
    """The first is asked first, and the others choose within what it leaves them."""
    start_state: Literal["run", "idle"] = "run"

    @model_validator(mode="after")
    def _each_has_one_place(self) -> Self:
        refuse_twice("place", {f"priorities.{at}": name for at, name in enumerate(self.priorities)})
        return self


class Cloud(Settings):
    """Telemetry and commands; the connection itself comes from the bootstrapper."""

    enabled: bool = True
    spot_period_s: Annotated[float, Field(ge=1, le=3_600)] = 10.0


class SiteSettings(Settings):
    """One site.toml."""

    name: Annotated[str, Field(min_length=1, max_length=24)]
    language: Language = "en"
    """Of the screen, and of the titles of errors in the cloud."""
    zone: Zone = "UTC"
    """Time zone of clock times, such as Europe/Copenhagen."""
    data_folder: str = "/var/lib/appliance"
    """What must survive: the store, identity, connection."""
    run_folder: Annotated[str, Field(min_length=1, max_length=90)] = "/run/appliance"
    """Sockets and process locks; may be emptied at boot."""
    buses: dict[Name, Bus]
    battery: Battery
    inverter: Inverter
    meters: dict[Name, Meter]
    """`grid` is needed, `pv` has its own meaning; others are read and shown."""
    sensors: dict[Name, Sensor] = Field(default_factory=dict)
    board: Board
    relays: dict[Name, Relay] = Field(default_factory=dict)
    """Digital outputs by what they switch."""
    climate: Climate | None = None
    box: Box = Box()
    features: Features = Features()
    """What this box has and may do."""
    backup: Backup | None = None
    """What separates the house from the grid, where it can live without."""
    connection: Connection = Connection()
    grid: Grid = Grid()
    grid_code: GridCode | None = None
    """In site.toml: the name of a profile in appliance/grid_codes."""
    control: Control = Control()
    reactive: Reactive = Reactive()
    cloud: Cloud = Cloud()
    storage: Storage = Storage()
    watchdog: Watchdog = Watchdog()
    blackbox: BlackBox = BlackBox()
    market: MarketFiles | None = None
    """None: this box is told nothing of prices, imbalance, plan and orders."""
    modes: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Settings of each control mode; checked against the mode's own settings class."""

    @model_validator(mode="after")
    def _grid_levels_are_inside_its_stages(self) -> Self:
        trips, wrong = (self.grid_code or USUAL).trips, []
        for what, low, high in (
            ("frequency", "recommended_low_hz", "recommended_high_hz"),
            ("voltage", "recommended_low_pu", "recommended_high_pu"),
        ):
            lowest = min(trip.at for trip in trips if (trip.what, trip.side) == (what, "below"))
            highest = max(trip.at for trip in trips if (trip.what, trip.side) == (what, "above"))
            for name in (low, high):
                value = getattr(self.grid, name)
                if not lowest <= value <= highest:
                    wrong.append(
                        f"grid.{name} = {value:g} must be between {lowest:g} and {highest:g}, where all stops"
                    )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _grid_is_metered(self) -> Self:
        if "grid" not in self.meters:
            msg = "meters.grid is missing: the box needs the meter at the grid connection"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _reactive_has_what_it_needs(self) -> Self:
        """Whatever it follows: an inverter that may, and figures."""
        reactive, most_var = self.reactive, self.inverter.max_reactive_var
        policy, wrong = reactive.policy, []
        if policy != "off" and most_var == 0.0:
            wrong.append(f"reactive.policy = {policy!r} needs inverter.max_reactive_var above 0")
        elif policy == "fixed_var" and abs(reactive.fixed_var) > most_var:
            wrong.append(
                f"reactive.fixed_var = {reactive.fixed_var:g} is more than inverter.max_reactive_var = {most_var:g}"
            )
        if policy in ("q_u", "cos_phi_p") and getattr(reactive, policy) is None:
            wrong += [] if getattr(self.grid_code, policy, None) is not None else [
                f"reactive.{policy} is missing, and the grid code has none: its points, or another policy"
            ]  # fmt: skip
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _addresses_are_used_once(self) -> Self:
        sockets = {
            f"buses.{name}": f"{bus.host}:{bus.port}"
            for name, bus in self.buses.items()
            if isinstance(bus, ModbusTcp | LxpDongle)
            or (isinstance(bus, CanBus) and bus.interface == "socketcand")
        }
        refuse_twice("address", sockets)
        ports = {
            f"buses.{name}": bus.path
            for name, bus in self.buses.items()
            if isinstance(bus, ModbusRtu | LxpSerial)
        }
        refuse_twice("serial port", ports)
        units = {
            f"meters.{name}": f"{one.bus} unit {one.unit}" for name, one in self.meters.items()
        }
        units["inverter"] = f"{self.inverter.bus} unit {self.inverter.unit}"
        units |= {
            f"relay board {relay.bus} {relay.unit}": f"{relay.bus} unit {relay.unit}"
            for relay in self.relays.values()
            if isinstance(relay, BoardRelay)
        }
        refuse_twice("place on a bus", units)
        if self.data_folder == self.run_folder:
            msg = f"data_folder = run_folder = {self.run_folder!r}: one survives, the other is emptied"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _buses_exist(self) -> Self:
        users: dict[str, Device | Board] = {
            "battery": self.battery,
            "inverter": self.inverter,
            "board": self.board,
        }
        users |= {f"meters.{name}": meter for name, meter in self.meters.items()}
        users |= {f"sensors.{name}": sensor for name, sensor in self.sensors.items()}
        wrong = []
        for user, device in users.items():
            bus = self.buses.get(device.bus)
            if bus is None:
                known = ", ".join(sorted(self.buses))
                wrong.append(f"{user}.bus = {device.bus!r} is not in buses ({known})")
            elif device is self.battery and self.battery.driver == INVERTER_SPEAKS:
                if device.bus != self.inverter.bus:
                    wrong.append(
                        f"battery.bus = {device.bus!r} must be the inverter's: {self.inverter.bus!r}"
                    )
            elif bus.kind not in device.BUSES:
                may = " or ".join(sorted(device.BUSES))
                wrong.append(f"{user}.bus = {device.bus!r} is {bus.kind}, must be {may}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _folders_exist(self) -> Self:
        users = {
            "board.files": self.board.files,
            "watchdog.strato_pi.files": self.watchdog.strato_pi.files,
        }
        wrong = [
            f"{user} = {name!r} is not in buses, or not of kind files"
            for user, name in users.items()
            if name is not None and getattr(self.buses.get(name), "kind", None) != "files"
        ]
        if "strato_pi" in self.watchdog.kind and self.watchdog.strato_pi.files is None:
            wrong.append(
                "watchdog.strato_pi.files is missing: the bus of kind files with the board"
            )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _features_are_there(self) -> Self:
        wrong = contradictions(self)
        if self.backup is not None:
            wrong += self.backup.feedback_mistakes(self.relays, list(self.board.buttons))
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @model_validator(mode="after")
    def _outputs_fit(self) -> Self:
        """Relays and climate: every name is there, every place has one user."""
        climate, sleep = self.climate, self.battery.sleep.relay
        used = [] if sleep is None else [("battery.sleep.relay", sleep)]
        used += [] if climate is None else list(climate.relays())
        used += [] if self.backup is None else self.backup.relays()
        wrong = relay_mistakes(self.relays, used)
        wires = {f"relays.{name}": (relay.bus, relay.BUSES) for name, relay in self.relays.items()}
        for path, wire in () if climate is None else climate.wires():
            wires[path] = wire.bus, wire.BUSES
        for path, (bus, kinds) in wires.items():
            kind = self.buses[bus].kind if bus in self.buses else "not in buses"
            if kind not in kinds:
                wrong.append(
                    f"{path}.bus = {bus!r} is {kind}, must be {' or '.join(sorted(kinds))}"
                )
        for path, sensor in () if climate is None else climate.sensors():
            if sensor not in self.sensors:
                wrong.append(f"{path} = {sensor!r} is not in sensors")
        if wrong:
            raise ValueError("; ".join(wrong))
        places = {f"relays.{name}": relay.place for name, relay in self.relays.items()}
        places |= _places(self)
        refuse_twice("place", places)
        return self


def _places(site: SiteSettings) -> dict[str, str]:
    """Pins and units that relays must leave to others, and the pins of fans."""
    board = site.board
    pins = {"board.estop_pin": board.estop_pin}
    pins |= {f"board.buttons.{name}": pin for name, pin in board.buttons.items()}
    pins |= {f"board.leds.{name}": pin for name, pin in board.leds.items()}
    places = {path: f"{board.bus} pin {pin}" for path, pin in pins.items()}
    for path, wire in () if site.climate is None else site.climate.wires():
        if isinstance(wire, Pwm):
            places[path] = f"{wire.bus} chip {wire.chip} channel {wire.channel}"
        else:
            places[path] = f"{wire.bus} {wire.file}" if wire.file else f"{wire.bus} pin {wire.pin}"
    return places
