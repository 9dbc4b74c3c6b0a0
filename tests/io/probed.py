"""`appliance probe` as the installer types it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from simulator.wire import carlo_gavazzi as twin
from tests.io.served import plant

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


Probe = Callable[..., Said]


def cg(code: int, load_w: float = 2000.0, pv_w: float = 0.0) -> twin.CarloGavazzi:
    return twin.CarloGavazzi(site := plant(load_w, pv_w), twin.grid_flow(site), code)
