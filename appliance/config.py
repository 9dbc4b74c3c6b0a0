"""Reads site.toml: all mistakes at once, each with its path, its value and what is allowed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ValidationError

from appliance import registry
from appliance.allowed import without_echoes, words
from appliance.data_file import DataFileError, read_document, sentences
from appliance.model import LackedMode
from appliance.programme import ModeLike
from appliance.settings import Settings
from appliance.site import INVERTER_SPEAKS, KINDS, RELAY_DRIVERS, SiteSettings, mode_lacks
from appliance.site.energies import beyond_capacity
from appliance.site.partly import mistakes_of_the_rest

GRID_CODES = Path(__file__).resolve().parent / "grid_codes"
DRIVER_FOLDERS = {
    "inverters": "appliance.io.inverters",
    "meters": "appliance.io.meters",
    "sensors": "appliance.io.sensors",
    "board": "appliance.io.board",
}


class ModeFile(Protocol):
    """What a file in modes/ offers."""

    TITLE: str
    SUMMARY: str
    """What it does, in one line."""
    WITHOUT: Mapping[str, str]
    """What it does while an input is missing."""
    ModeSettings: type[Settings]

    def Mode(self, settings: Settings, site: SiteSettings, /) -> ModeLike:  # noqa: N802 the class itself
        """The mode's class."""


class SiteError(DataFileError):
    """site.toml cannot be used; the text lists every mistake."""


def load_site(path: Path) -> SiteSettings:
    """Settings from a file. Raises SiteError with every mistake in it."""
    try:
        document = read_document(path)
    except DataFileError as error:
        raise SiteError(path, error.mistakes) from error
    profile_mistakes = _put_grid_code(document)
    mistakes = [*profile_mistakes, *_mode_mistakes(document), *_option_mistakes(document)]
    mistakes += [*_speaker_mistakes(document), *_sensor_bus_mistakes(document)]
    mistakes += [*_reactive_mistakes(document), *_island_mistakes(document)]
    mistakes += beyond_capacity(document)
    context = {
        "drivers": {folder: registry.names(name) for folder, name in DRIVER_FOLDERS.items()}
        | {"bms": registry.bms_families() | {INVERTER_SPEAKS}},
        "climate": registry.climate_zones(),
    }
    try:
        site = SiteSettings.model_validate_json(json.dumps(document, default=str), context=context)
    except ValidationError as error:
        broken = {str(mistake["loc"][0]) for mistake in error.errors() if mistake["loc"]}
        if broken:
            mistakes += mistakes_of_the_rest(document, broken, context)
        mistakes = [*_told(error, SiteSettings), *mistakes]
        raise SiteError(path, mistakes) from error
    if mistakes:
        raise SiteError(path, mistakes)
    return site


def _island_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """Whoever can make an island must be able to be told."""
    inverter, backup = document.get("inverter"), document.get("backup")
    if not isinstance(inverter, dict) or not isinstance(backup, dict):
        return
    name, folder = inverter.get("driver"), DRIVER_FOLDERS["inverters"]
    if name not in registry.names(folder):
        return
    driver = registry.load(folder, name).Driver
    if backup.get("own_switch") and not driver.FORMS_UNASKED:
        yield f"backup.own_switch: {name} does not leave the grid by itself"
    if backup.get("switch") is not None and not driver.CAN_FORM_GRID:
        yield f"backup.switch: {name} cannot be told to make the grid"


def _mode_file(name: str) -> ModeFile:
    return cast(ModeFile, registry.load("appliance.modes", name))


def _mode_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """What is wrong with the modes, which are checked by each mode's own settings class."""
    known = sorted(registry.names("appliance.modes"))
    modes, control = document.get("modes", {}), document.get("control", {})
    for path, name in _named_modes(control) if isinstance(control, dict) else ():
        if _is_name(name) and name not in known:
            yield f"control.{path} = {name!r}: no such mode; there is: {', '.join(known)}"
    for name, values in modes.items() if isinstance(modes, dict) else ():
        if not isinstance(values, dict) or not _is_name(name):
            continue  # told of already
        if name not in known:
            yield f"modes.{name}: no such mode; there is: {', '.join(known)}"
            continue
        kind = _mode_file(name).ModeSettings
        try:
            kind.model_validate_json(json.dumps(values, default=str))
        except ValidationError as error:
            yield from _told(error, kind, "modes", name)


def _named_modes(control: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Where a mode is named, and its name."""
    if isinstance(start := control.get("start_mode"), str):
        yield "start_mode", start
    for key in ("beside", "schedule"):
        entries = control.get(key)
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(name := entry.get("mode"), str):
                yield f"{key}.{number}.mode", name
    priorities = control.get("priorities")
    for number, name in enumerate(priorities if isinstance(priorities, list) else ()):
        if isinstance(name, str):
            yield f"priorities.{number}", name


def _put_grid_code(document: dict[str, Any]) -> list[str]:
    """Put the profile's figures where its name stands; what is wrong with the name."""
    name = document.get("grid_code")
    if name is None:
        return []
    known = sorted(path.stem for path in GRID_CODES.glob("*.toml"))
    if name not in known:
        del document["grid_code"]
        return [f"grid_code = {json.dumps(name)}: no such profile; there is: {', '.join(known)}"]
    document["grid_code"] = read_document(GRID_CODES / f"{name}.toml")
    return []


def _option_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """What is wrong with the options of each device, which only its own driver can check."""
    for path, folder, device in _devices(document):
        driver, values = device.get("driver"), device.get("options", {})
        if driver not in registry.names(DRIVER_FOLDERS[folder]) or not isinstance(values, dict):
            continue
        file = registry.load(DRIVER_FOLDERS[folder], driver)
        try:
            registry.options(file, values)
        except ValidationError as error:
            yield from _told(error, getattr(file, "Options", Settings), *path, "options")


def _speaker_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """Not every inverter says something of its battery."""
    battery, inverter = document.get("battery"), document.get("inverter")
    if not isinstance(battery, dict) or not isinstance(inverter, dict):
        return
    name, folder = inverter.get("driver"), DRIVER_FOLDERS["inverters"]
    known = registry.names(folder)
    if battery.get("driver") != INVERTER_SPEAKS or name not in known:
        return
    speak = [one for one in sorted(known) if "battery" in vars(registry.load(folder, one).Driver)]
    if name not in speak:
        yield (
            f'battery.driver = "{INVERTER_SPEAKS}": {name} says nothing of its battery; '
            f"these do: {', '.join(speak)}"
        )


def _reactive_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """Not every inverter can be told reactive power."""
    inverter, folder = document.get("inverter"), DRIVER_FOLDERS["inverters"]
    if not isinstance(inverter, dict) or not inverter.get("max_reactive_var"):
        return
    name, values = inverter.get("driver"), inverter.get("options", {})
    if name not in registry.names(folder) or not isinstance(values, dict):
        return
    file = registry.load(folder, name)
    try:
        takes = file.Driver.takes_reactive(registry.options(file, values))
    except ValidationError:
        return  # told of already
    if not takes:
        yield (
            f"inverter.max_reactive_var = {inverter['max_reactive_var']}: {name}, set up so, "
            "cannot be told reactive power; must be 0"
        )


def _sensor_bus_mistakes(document: Mapping[str, Any]) -> Iterable[str]:
    """A chip is on an I2C bus, what the kernel shows is in its files: the driver knows."""
    sensors, buses = document.get("sensors"), document.get("buses")
    if not isinstance(sensors, dict) or not isinstance(buses, dict):
        return
    folder = DRIVER_FOLDERS["sensors"]
    for name, sensor in sensors.items():
        if not isinstance(sensor, dict) or sensor.get("driver") not in registry.names(folder):
            continue
        bus = buses.get(sensor.get("bus"))
        kind = bus.get("kind") if isinstance(bus, dict) else None
        wanted = registry.load(folder, sensor["driver"]).Driver.KIND
        if kind in ("i2c", "files") and kind != wanted:
            where = f"sensors.{name}.bus = {sensor['bus']!r}"
            yield f"{where} is {kind}; {sensor['driver']} must be on {wanted}"


def _devices(
    document: Mapping[str, Any],
) -> Iterable[tuple[tuple[str, ...], str, Mapping[str, Any]]]:
    """Path, folder and table of every device whose driver is a file."""
    if isinstance(inverter := document.get("inverter"), dict):
        yield ("inverter",), "inverters", inverter
    if isinstance(board := document.get("board"), dict):
        yield ("board",), "board", {"driver": "gpio_board", **board}
    for kind in ("meters", "sensors"):
        devices = document.get(kind)
        for name, device in devices.items() if isinstance(devices, dict) else ():
            if isinstance(device, dict):
                yield (kind, name), kind, device


TAGS = {"buses": KINDS, "relays": RELAY_DRIVERS}
"""By section: names of kinds, which pydantic puts into paths."""


def _is_name(name: str) -> bool:
    """Could it be one? Of what could not the check of the whole file tells."""
    return re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) is not None


def _told(error: ValidationError, kind: type[Settings], *prefix: str) -> Iterator[str]:
    """Each mistake as "path = value: what is allowed"."""
    for mistake in without_echoes(error.errors()):
        places = [str(part) for part in mistake["loc"]]
        tags = TAGS.get(places[0], frozenset()) if places else frozenset()
        path = [*prefix, *(place for place in places if place not in tags)]
        yield from sentences(mistake, path, words(mistake, kind))


def build_modes(site: SiteSettings) -> tuple[dict[str, ModeLike], dict[str, str]]:
    """Every mode in the folder with this site's settings, and the titles by name."""
    modes: dict[str, ModeLike] = {}
    titles: dict[str, str] = {}
    for name in sorted(registry.names("appliance.modes")):
        if mode_lacks(site, name):
            continue
        file = _mode_file(name)
        values = json.dumps(site.modes.get(name, {}), default=str)
        modes[name] = file.Mode(file.ModeSettings.model_validate_json(values), site)
        titles[name] = file.TITLE
    return modes, titles


def mode_summaries() -> dict[str, str]:
    """By mode, of every one there is: what it does, in one line."""
    return {name: _mode_file(name).SUMMARY for name in sorted(registry.names("appliance.modes"))}


def modes_lacked(site: SiteSettings) -> dict[str, LackedMode]:
    """The modes that other boxes have and this one does not, and why."""
    return {
        name: LackedMode(_mode_file(name).TITLE, because)
        for name in sorted(registry.names("appliance.modes"))
        if (because := mode_lacks(site, name))
    }


def mode_inputs() -> dict[str, dict[str, str]]:
    """By mode and input: what happens while the input is missing."""
    return {
        name: {key: str(value) for key, value in _mode_file(name).WITHOUT.items()}
        for name in sorted(registry.names("appliance.modes"))
    }


def schema() -> dict[str, Any]:
    """JSON Schema of site.toml, with each mode's own settings."""
    whole = SiteSettings.model_json_schema()
    definitions = whole.setdefault("$defs", {})
    properties = {}
    for name in sorted(registry.names("appliance.modes")):
        part = _mode_file(name).ModeSettings.model_json_schema(ref_template="#/$defs/{model}")
        definitions |= part.pop("$defs", {})
        properties[name] = part
    whole["properties"]["modes"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    return whole
