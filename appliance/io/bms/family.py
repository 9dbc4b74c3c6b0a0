"""A BMS family is data: a DBC file and a signal map beside it. This reads and checks the map."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from appliance.registry import DBC_FOLDER, bms_families
from appliance.settings import Seconds, Settings

Signal = Annotated[str, Field(pattern=r"^\w+\.\w+$")]
"""`Message.Signal`, as in the DBC file."""
Texts = dict[str, dict[str, str]]
"""Message -> signal -> what a person calls it when the signal is not 0."""


def _as_tuple(value: object) -> object:
    return value if isinstance(value, tuple) else (value,)


Signals = Annotated[tuple[Signal, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class FamilyError(Exception):
    """A signal map cannot be used; the text lists every mistake."""


class Source(Settings):
    """Where a value comes from: one signal, or the mean of several."""

    signal: Signals
    scale: float = 1.0
    """On top of the DBC's own; -1 turns a sign."""
    offset: float = 0.0
    max_age_s: Seconds | None = None
    rack: Signal | None = None
    """A value of the whole battery that belongs to the rack with this number."""
    at: tuple[Signal, Signal] | None = None
    """Module and place in the module, counted from 0."""


Sources = Annotated[tuple[Source, ...], BeforeValidator(_as_tuple)]
"""The first that is fresh wins."""


class Layout(Settings):
    """How cells are counted."""

    first_rack: int = 0
    """The multiplexer value, or string index, of rack 1."""
    id_step: Annotated[int, Field(ge=0)] = 0
    """Each rack's frame ids are this much above those of the rack before."""
    cells_per_module: Annotated[int, Field(gt=0)]
    sensors_per_module: Annotated[int, Field(gt=0)]
    modules_per_rack: Annotated[int, Field(gt=0)]


class StateMap(Settings):
    """Names (or numbers) of the BMS's states that mean one of ours; all others are unknown."""

    signal: Signal
    standby: tuple[str, ...]
    precharge: tuple[str, ...] = ()
    connected: tuple[str, ...]
    fault: tuple[str, ...]
    max_age_s: Seconds | None = None


class LimitMap(Settings):
    """What the BMS allows: a current, a power, or both (then the smaller one counts)."""

    current_a: Source | None = None
    power_w: Source | None = None


class CodeMap(Settings):
    """A signal with the number of a fault."""

    signal: Signal
    none: tuple[str, ...] = ()
    """Names of numbers that are no fault."""
    strip: str = ""
    """Beginning of the DBC's names that people need not read."""
    max_age_s: Seconds | None = None


class BatteryMap(Settings):
    """The battery as a whole."""

    voltage_v: Sources
    current_a: Sources
    power_w: Sources = ()
    soc_pct: Sources
    soh_pct: Sources = ()
    soe_wh: Sources = ()
    max_charge: LimitMap
    max_discharge: LimitMap
    faults: Texts = Field(default_factory=dict)
    reasons: Texts = Field(default_factory=dict)
    """Named only while the state is a fault."""
    code: CodeMap | None = None


class RackMap(Settings):
    """Each rack."""

    voltage_v: Sources = ()
    current_a: Sources = ()
    power_w: Sources = ()
    soc_pct: Sources = ()
    soh_pct: Sources = ()
    cell_min_v: Sources
    cell_max_v: Sources
    cell_min_c: Sources
    cell_max_c: Sources
    contactors_closed: Sources = ()
    faults: Texts = Field(default_factory=dict)
    warnings: Texts = Field(default_factory=dict)


class SingleMap(Settings):
    """Multiplexed single values: frame k carries the values from k * len(signals) on."""

    message: str
    signals: tuple[str, ...]
    valid: tuple[str, ...] = ()
    """For each signal the flag that is 1 while it is valid."""
    scale: float = 1.0
    offset: float = 0.0
    max_age_s: Seconds


class RequestMap(Settings):
    """The message that the BMS wants to hear; signals that are not named are 0."""

    message: str
    period_s: Annotated[float, Field(ge=0.01, le=10)]
    open: dict[str, int]
    close: dict[str, int]
    reset_faults: dict[str, int] = Field(default_factory=dict)


class Family(Settings):
    """One signal map."""

    title: str
    source: str
    dbc: str
    key: str
    """Message that publishes a reading and gives its time."""
    max_age_s: Seconds
    layout: Layout
    state: StateMap
    battery: BatteryMap
    rack: RackMap
    cells: SingleMap | None = None
    sensors: SingleMap | None = None
    request: RequestMap


def _frozen(value: object) -> object:
    """Lists as tuples, all the way down: strict settings take nothing else."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def load_family(name: str, folder: Path = DBC_FOLDER) -> Family:
    """The signal map of a family. Raises FamilyError with every mistake in it."""
    path = folder / f"{name}.toml"
    try:
        document: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        there = ", ".join(sorted(bms_families()))
        msg = f"no BMS family {name!r}; there is: {there}"
        raise FamilyError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path.name} is not TOML: {error}"
        raise FamilyError(msg) from error
    try:
        return Family.model_validate(_frozen(document))
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in mistake['loc'])}: {mistake['msg']}"
            for mistake in error.errors()
        ]
        raise FamilyError("\n".join([f"{path.name} cannot be used:", *lines])) from error
