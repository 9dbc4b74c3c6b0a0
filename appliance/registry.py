"""A folder is a registry: `driver = "em24"` names the file em24.py. A leading underscore hides a file."""

import importlib
import importlib.util
import json
import pkgutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from appliance.settings import Settings

DBC_FOLDER = Path(__file__).resolve().parent.parent / "dbc"
"""DBC files and the signal maps beside them: one pair per BMS family."""

CLIMATE_FOLDER = Path(__file__).resolve().parent / "io" / "climate" / "algorithms"
"""How fans and heaters are driven, one file per product size."""


def names(package: str) -> frozenset[str]:
    """Names of the files in a package's folder."""
    spec = importlib.util.find_spec(package)
    folder = None if spec is None else spec.submodule_search_locations
    return frozenset(
        found.name for found in pkgutil.iter_modules(folder) if not found.name.startswith("_")
    )


def load(package: str, name: str) -> ModuleType:
    """The module of that name. Raises LookupError with what there is instead."""
    known = names(package)
    if name not in known:
        msg = f"no {name!r} in {package}; there is: {', '.join(sorted(known))}"
        raise LookupError(msg)
    return importlib.import_module(f"{package}.{name}")


def options(file: object, values: Mapping[str, Any]) -> Settings:
    """What a driver file wants to know, by its own class `Options`. Raises pydantic's ValidationError."""
    kind: type[Settings] = getattr(file, "Options", Settings)
    return kind.model_validate_json(json.dumps(dict(values), default=str))


def bms_families() -> frozenset[str]:
    """Names of the BMS families with a signal map."""
    return frozenset(path.stem for path in DBC_FOLDER.glob("*.toml"))


def climate_zones() -> dict[str, dict[str, bool]]:
    """By climate algorithm: its zones, and whether each can be heated."""
    found = {}
    for path in sorted(CLIMATE_FOLDER.glob("*.toml")):
        zones = tomllib.loads(path.read_text(encoding="utf-8"))["zones"]
        found[path.stem] = {name: "heating" in zone for name, zone in zones.items()}
    return found
