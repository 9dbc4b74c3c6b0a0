"""A BMS family is data: a DBC file and a signal map beside it. This reads and checks the map."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from appliance.data_file import DataFileError, read_document, sentence
from appliance.io.bms._map_requests import RequestMap
from appliance.io.bms._map_values import (
    Choices,
    Codes,
    LimitMap,
    Proof,
    Signal,
    SingleMap,
    Sources,
    Texts,
)
from appliance.io.bms._map_values import as_tuple as _as_tuple
from appliance.registry import DBC_FOLDER, bms_families
from appliance.settings import Seconds, Settings


class FamilyError(Exception):
    """A signal map cannot be used; the text lists every mistake."""


class Layout(Settings):
    """How a rack's frames are told from those of the others, and how cells are counted."""

    rack_by: Literal["mux", "id", "index", "single"] | None = None
    """By the multiplexer, by the frame id, by the signal `index` in each frame; or the battery is one rack."""
    first_rack: int = 0
    """The multiplexer value, or index, of rack 1. Of the whole battery's values also with `id`."""
    id_step: Annotated[int, Field(ge=0)] = 0
    """Each rack's frame ids are this much above those of the rack before."""
    index: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    """Names of signals with the rack's number; messages that have one of them are of one rack."""
    max_racks: Annotated[int, Field(ge=1, le=256)] = 64
    cells_per_module: Annotated[int, Field(gt=0)] = 1
    sensors_per_module: Annotated[int, Field(gt=0)] = 1
    modules_per_rack: Annotated[int, Field(gt=0)] = 1

    @property
    def by(self) -> str:
        """`rack_by`, or what the other keys say."""
        return self.rack_by or ("index" if self.index else "id" if self.id_step else "mux")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.by == "id") != (self.id_step > 0):
            raise ValueError('id_step belongs to rack_by = "id", and is above 0 there')
        if (self.by == "index") != bool(self.index):
            raise ValueError('index belongs to rack_by = "index"')
        return self


class StateMap(Settings):
    """Names (or numbers) of the BMS's states that mean one of ours; all others are unknown.

    Without `signal`: `always`, while the BMS is heard; or else from the racks' states and contactors.
    """

    signal: Signal | None = None
    standby: Choices = ()
    precharge: Choices = ()
    connected: Choices = ()
    fault: Choices = ()
    asleep: Choices = ()
    """Standby, and asleep."""
    always: Literal["standby", "connected"] | None = None
    max_age_s: Seconds | None = None


class BatteryMap(Settings):
    """The battery as a whole. What is not named here is made from the racks that are heard."""

    voltage_v: Sources = ()
    current_a: Sources = ()
    power_w: Sources = ()
    soc_pct: Sources = ()
    soh_pct: Sources = ()
    soe_wh: Sources = ()
    max_charge_v: Sources = ()
    min_discharge_v: Sources = ()
    cycles: Sources = ()
    charged_wh: Sources = ()
    discharged_wh: Sources = ()
    capacity_wh: Sources = ()
    resistance_ohm: Sources = ()
    full: Sources = ()
    empty: Sources = ()
    balancing: Sources = ()
    asleep: Sources = ()
    max_charge: LimitMap = LimitMap()
    max_discharge: LimitMap = LimitMap()
    faults: Texts = Field(default_factory=dict)
    warnings: Texts = Field(default_factory=dict)
    reasons: Texts = Field(default_factory=dict)
    """Named only while the state is a fault."""
    code: Codes = ()


class RackMap(Settings):
    """Each rack. Where the battery is one rack, what is not named here is the battery's."""

    voltage_v: Sources = ()
    current_a: Sources = ()
    power_w: Sources = ()
    soc_pct: Sources = ()
    soh_pct: Sources = ()
    soe_wh: Sources = ()
    cell_min_v: Sources = ()
    cell_max_v: Sources = ()
    cell_avg_v: Sources = ()
    cell_min_c: Sources = ()
    cell_max_c: Sources = ()
    cell_avg_c: Sources = ()
    cycles: Sources = ()
    charged_wh: Sources = ()
    discharged_wh: Sources = ()
    insulation_ohm: Sources = ()
    contactors_closed: Sources = ()
    balancing: Sources = ()
    asleep: Sources = ()
    max_charge: LimitMap = LimitMap()
    max_discharge: LimitMap = LimitMap()
    state: StateMap = StateMap()
    """Closes the contactors where none are named; a fault without a name is "in fault"."""
    faults: Texts = Field(default_factory=dict)
    warnings: Texts = Field(default_factory=dict)
    code: Codes = ()


class CheckMap(Proof):
    """Frames that prove themselves. A wrong checksum: dropped and counted. A counter that stands: not fresh."""

    messages: tuple[str, ...]


class Family(Settings):
    """One signal map."""

    title: str
    source: str
    dbc: str
    key: str
    """Message that publishes a reading and gives its time."""
    max_age_s: Seconds
    may_be_short: tuple[str, ...] = ()
    """Messages that may end before the DBC says; a signal is known when its own bytes are there."""
    byte_order: Literal["little", "big"] | None = None
    """Read every signal of whole bytes in this order, whatever the DBC says."""
    cells_optional: bool = False
    """Some batteries of this family do not send the frame with their cells; they guard them themselves."""
    layout: Layout = Layout()
    state: StateMap = StateMap()
    battery: BatteryMap = BatteryMap()
    rack: RackMap = RackMap()
    cells: SingleMap | None = None
    sensors: SingleMap | None = None
    check: Annotated[tuple[CheckMap, ...], BeforeValidator(_as_tuple)] = ()
    request: Annotated[tuple[RequestMap, ...], BeforeValidator(_as_tuple)] = ()


def _frozen(value: object) -> object:
    """Lists as tuples, all the way down: strict settings take nothing else."""
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def load_family(name: str, folder: Path = DBC_FOLDER) -> Family:
    """The signal map of a family. Raises FamilyError with every mistake in it."""
    path = folder / f"{name}.toml"
    if not path.is_file():
        there = ", ".join(sorted(bms_families()))
        msg = f"no BMS family {name!r}; there is: {there}"
        raise FamilyError(msg)
    try:
        return Family.model_validate(_frozen(read_document(path)))
    except DataFileError as error:
        raise FamilyError(str(error)) from error
    except ValidationError as error:
        raise FamilyError(str(DataFileError(path, map(sentence, error.errors())))) from error
