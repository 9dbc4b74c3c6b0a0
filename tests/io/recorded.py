"""Recordings of devices: what each answered, and what we read from that, field by field.

`python -m tests.io.recorded` records the pretend devices of the simulator anew and says which files differ;
`--write` also writes them. Hence a change of a reading is seen in the diff of a file. None of these is
of hardware, and each says so; a recording of a real device has the same shape.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from appliance.io import inverters, meters
from appliance.io.bms import Decoder
from appliance.io.buses import RefusedError
from appliance.io.inverters import InverterDriver
from appliance.io.meters import MeterDriver
from appliance.io.registers import Ask, Kind
from appliance.model import InverterState, Setpoints
from appliance.registry import bms_families
from appliance.site import Inverter, Meter
from simulator.models.site import Site
from simulator.wire import acuvim2, carlo_gavazzi
from simulator.wire.registers import IllegalAddressError, Registers
from simulator.wire.stand_in import METERS, MeterTwin
from tests.io.cases import ESI, INVERTERS
from tests.io.recorded_sensors import sensor_recordings
from tests.io.rig import FUNCTIONS, InverterRig
from tests.io.served import plant
from tests.simulator.record_can import FOLDER as CAN
from tests.simulator.record_can import RACKS
from tests.simulator.test_can_recordings import at, parse

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "recordings"
MADE: Final = "of the simulator's pretend device; never of hardware"
DIGITS: Final = 6
LINE: Final = 100

ON = Setpoints(inverter_on=True, contactors_closed=True)
OPTIONS: dict[str, Mapping[str, Any]] = {
    **{name: case.options for name, case in INVERTERS.items()},
    "abb_esi": {**ESI, "table": "docs/examples/abb_esi.toml"},
    "table": {"table": "docs/examples/meter_em340.toml"},
}
MeterMake = Callable[[Site, bool], MeterTwin]
METER_TWINS: dict[str, tuple[str, MeterMake]] = {
    "acuvim2": ("acuvim2", acuvim2.grid_meter),
    "em24_ethernet": ("em24_ethernet", carlo_gavazzi.places(1648)["meter.grid"]),
    "sunspec": ("sunspec", METERS["sunspec"]["meter.grid"]),
    "table": ("table", carlo_gavazzi.places(341)["meter.grid"]),
    **{
        f"carlo_gavazzi_{model}": ("carlo_gavazzi", carlo_gavazzi.places(code)["meter.grid"])
        for model, code in {
            "em24": 71, "em24_e1": 1648, "em340": 341, "em111": 111, "et112": 120, "em530": 1744,
        }.items()
    },
}  # fmt: skip
"""By the name of the recording: its driver, and what makes the pretend meter."""
LOADS: Final = {"importing 1000 W": (1_500.0, 500.0), "exporting 1000 W": (500.0, 1_500.0)}
STORY: Final = {
    "standby": 0.45, "precharge": 0.85, "discharging": 4.04, "charging": 6.45, "fault": 7.45,
}  # fmt: skip
"""Seconds in the story of tests/simulator/record_can.py."""


# ---------------------------------------------------------------- replaying


class Answers:
    """What a device answered: asked the same or a part of it, it answers the same."""

    def __init__(self, recorded: list[Json]) -> None:
        self._whole: dict[tuple[Kind, int, int], tuple[int, ...] | None] = {}
        self._words: dict[tuple[Kind, int], int] = {}
        for row in recorded:
            kind, address, words = row["kind"], row["address"], row.get("words")
            count = row["refused"] if words is None else len(words)
            self._whole[kind, address, count] = None if words is None else tuple(words)
            if words is not None:
                self._words |= {(kind, address + at): word for at, word in enumerate(words)}

    def __call__(self, kind: Kind, address: int, count: int) -> tuple[int, ...]:
        """Words of a kind from an address. Raises RefusedError where it refused or nobody asked."""
        places = [(kind, address + place) for place in range(count)]
        known = (kind, address, count) in self._whole
        words = self._whole.get((kind, address, count))
        if words is None and (known or any(place not in self._words for place in places)):
            raise RefusedError(f"{count} {kind} from {address}: refused, or not in the recording")
        return words or tuple(self._words[place] for place in places)


def with_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """A table of registers is a file of this repository."""
    table = {"table": str(ROOT / options["table"])} if "table" in options else {}
    return {**options, **table}


def driver_of(recording: Json) -> InverterDriver | MeterDriver:
    """The driver that a recording is for, new."""
    kind, _, name = recording["driver"].partition("/")
    options = with_paths(recording["options"])
    if kind == "meters":
        return meters.driver(Meter(driver=name, bus="lan", options=options))
    return inverters.driver(_settings(name, options))


def polled(driver: InverterDriver | MeterDriver, ask: Ask) -> Json:
    """What the driver's own questions and translation make of the answers."""
    driver.identify(ask)
    values: dict[str, float | None] = {}
    for block in driver.blocks:
        try:
            values |= block.decode(ask(block.kind, block.address, block.count))
        except RefusedError:
            assert block.optional
            values |= block.unknown()
    told = {"reading": plain(driver.reading(values))}
    if isinstance(driver, InverterDriver) and (battery := driver.battery(values)) is not None:
        told["battery"] = plain(battery)
    return told


def plain(reading: msgspec.Struct) -> Any:
    """Every field of a reading as JSON has it; what is left out has its default: None, or nothing."""
    return json.loads(json.dumps(_plain(reading)))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        known = {field.name: getattr(value, field.name) for field in fields}
        return {
            field.name: _plain(known[field.name])
            for field in fields
            if known[field.name] != field.default
        }
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value


# ---------------------------------------------------------------- recording


def _asking(registers: Registers, tape: list[Json]) -> Ask:
    def ask(kind: Kind, address: int, count: int) -> tuple[int, ...]:
        try:
            words = registers.read(FUNCTIONS[kind], address, count)
        except IllegalAddressError as error:
            tape.append({"kind": kind, "address": address, "refused": count})
            raise RefusedError(f"no register {address}") from error
        tape.append({"kind": kind, "address": address, "words": words})
        return tuple(words)

    return ask


def _state(head: Json, registers: Registers, truth: Json) -> Json:
    tape: list[Json] = []
    told = polled(driver_of(head), _asking(registers, tape))
    return {"plant": _plain(truth), "answers": tape, **told}


def _settings(name: str, options: Mapping[str, Any]) -> Inverter:
    return Inverter(
        driver=name, bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
        options=dict(options),
    )  # fmt: skip


def inverter_recording(name: str) -> Json:
    """Off, running both ways, and a fault where the device has any."""
    case, options = INVERTERS[name], OPTIONS[name]
    head = _head(f"inverters/{name}", inverters.load(name).TITLE, options)
    rig = InverterRig(_settings(name, with_paths(options)), case.twin)
    states: Json = {}

    def keep(state: str) -> None:
        site = rig.site
        truth = {
            "power_w": rig.power_w, "dc_voltage_v": site.rack.voltage_v,
            "frequency_hz": site.frequency_hz, "soc_pct": site.rack.soc_pct,
        }  # fmt: skip
        states[state] = _state(head, rig.twin.registers, truth)

    rig.run(3.0)
    keep("off")
    rig.run(
        case.starts_s,
        ON,
        lambda: rig.reading is not None and rig.reading.state is InverterState.RUNNING,
    )
    for power_w in (1_000.0, -1_000.0):
        rig.run(40.0, msgspec.structs.replace(ON, power_w=power_w))
        keep(f"running at {power_w:+.0f} W")
    if case.breaks is not None:
        case.breaks(rig.site)
        rig.run(3.0, ON)
        keep("fault")
    return {**head, "states": states}


def meter_recording(name: str) -> Json:
    """Both directions."""
    driver, make = METER_TWINS[name]
    head = _head(f"meters/{driver}", meters.load(driver).TITLE, OPTIONS.get(name, {}))
    states = {}
    for state, (load_w, pv_w) in LOADS.items():
        site = plant(load_w, pv_w)
        site.grid_import_wh, site.grid_export_wh = 20_000.0, 3_000.0
        truth = {
            "power_w": site.grid_w, "import_wh": 20_000.0, "export_wh": 3_000.0,
            "frequency_hz": site.frequency_hz, "voltage_v": site.voltage_v,
        }  # fmt: skip
        states[state] = _state(head, make(site, False).registers, truth)
    return {**head, "states": states}


def can_recording(family: str) -> Json:
    """What the map makes of the log beside it, at each place of its story."""
    frames, racks = parse(CAN / f"{family}.log"), RACKS.get(family, 2)
    decoder = Decoder.of(family, racks=racks, capacity_wh=60_000.0)
    head = _head(f"bms/{family}", decoder.family.title, {"racks": racks})
    states = {
        state: {"at_s": at_s, "reading": plain(at(frames, decoder, at_s))}
        for state, at_s in STORY.items()
    }
    return {**head, "states": states}


def _head(driver: str, device: str, options: Mapping[str, Any]) -> Json:
    options = json.loads(json.dumps(dict(options)))
    return {"device": device, "made": MADE, "driver": driver, "options": options}


def everything() -> dict[Path, Json]:
    """All recordings, made anew, by their files."""
    made = {f"registers/inverter_{name}": inverter_recording(name) for name in INVERTERS}
    made |= {f"registers/meter_{name}": meter_recording(name) for name in METER_TWINS}
    made |= {f"can/{family}": can_recording(family) for family in sorted(bms_families())}
    made |= {name: {"made": MADE, **one} for name, one in sensor_recordings(plain).items()}
    return {FOLDER / f"{name}.json": recording for name, recording in made.items()}


def text_of(value: Any, indent: int = 0) -> str:
    """JSON with short things, and lists of numbers, on one line."""
    line = json.dumps(value)
    numbers = isinstance(value, list) and not any(isinstance(one, dict | list) for one in value)
    if len(line) + indent <= LINE or numbers or not isinstance(value, dict | list):
        return line
    pad = "\n" + " " * (indent + 1)
    if isinstance(value, list):
        rows = [text_of(one, indent + 1) for one in value]
        return f"[{pad}{f',{pad}'.join(rows)}\n{' ' * indent}]"
    rows = [f"{json.dumps(name)}: {text_of(one, indent + 1)}" for name, one in value.items()]
    return f"{{{pad}{f',{pad}'.join(rows)}\n{' ' * indent}}}"


def main(words: list[str]) -> int:
    """Say which files differ; write them with `--write`. 1 when some differ and were not written."""
    differ = 0
    for path, recording in everything().items():
        text = text_of(recording) + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        differ += 1
        print(path.relative_to(ROOT))
        if "--write" in words:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return int(differ > 0 and "--write" not in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
