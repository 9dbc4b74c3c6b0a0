"""Which control modes a site uses, when, and which comes first."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from pydantic import Field

from appliance.settings import Name, Settings
from appliance.site.periods import Period

PRIORITIES: Final = (
    # People and safety first, then the connection, orders from outside, markets, and the house's own use.
    "passive",
    "local_control",
    "backup",
    "peak_shaving",
    "maintenance_charge",
    "external_control",
    "axle_schedule",
    "discharge_to_soe",
    "dynamic_peak_discharge",
    "niv_chase",
    "charge_to_soe",
    "dynamic_peak_approach",
    "charge_only",
    "cost_saving",
    "load_matching",
    "self_consumption",
    "import_avoidance",
    "export_avoidance",
    "import_avoidance_when_short",
)


class Beside(Settings):
    """A mode that is asked together with the one in use."""

    mode: Name
    during: tuple[Period, ...] = ()
    """None: always."""


class Scheduled(Settings):
    """A mode that is in use at these times."""

    mode: Name
    during: Annotated[tuple[Period, ...], Field(min_length=1)]


def never_in_use(schedule: Iterable[Scheduled]) -> Iterator[str]:
    """Entries whose hours are all those of entries before them, which come first."""
    taken: set[Period] = set()
    for at, entry in enumerate(schedule):
        if taken.issuperset(entry.during):
            yield f"schedule.{at} ({entry.mode}) is never in use: entries before it have the same hours"
        taken.update(entry.during)
