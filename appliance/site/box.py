"""The box itself, and the whole of one site.toml."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Celsius, Name, Settings, refuse
from appliance.site.backup import Backup
from appliance.site.battery import Battery
from appliance.site.blackbox import BlackBox
from appliance.site.board import Board
from appliance.site.climate import Climate
from appliance.site.devices import Inverter, Meter, Sensor
from appliance.site.features import Features
from appliance.site.grid import Connection, Grid
from appliance.site.grid_code import GridCode
from appliance.site.market import MarketFiles
from appliance.site.modes import PRIORITIES, Beside, Scheduled, never_in_use
from appliance.site.outputs import Relay
from appliance.site.periods import Zone
from appliance.site.reactive import Reactive
from appliance.site.storage import Storage
from appliance.site.together import mistakes_together
from appliance.site.twice import twice
from appliance.site.watchdog import Watchdog
from appliance.site.wires import Bus

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
    """Which mode is in use when; outside of all entries `start_mode`. Where entries overlap the first
    one counts. A choice by hand holds until it changes."""
    beside: tuple[Beside, ...] = ()
    """Modes that are asked together with the one in use."""
    priorities: tuple[Name, ...] = PRIORITIES
    """The first is asked first, and the others choose within what it leaves them. Modes that are not named keep
    their usual order, behind."""
    start_state: Literal["run", "idle"] = "run"

    @model_validator(mode="after")
    def _each_has_one_place(self) -> Self:
        wrong = [
            *twice("place", {f"priorities.{at}": name for at, name in enumerate(self.priorities)})
        ]
        wrong += twice("mode", {f"beside.{at}": one.mode for at, one in enumerate(self.beside)})
        refuse([*wrong, *never_in_use(self.schedule)])
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
    def _fits_together(self) -> Self:
        refuse(mistakes_together(self))
        return self
