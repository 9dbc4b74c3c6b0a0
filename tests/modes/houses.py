"""The home of the stories, with other settings, and charge schedules for it."""

from datetime import datetime, timedelta
from typing import Any

from appliance.config import load_site
from appliance.model import Schedule, ScheduleEntry
from appliance.site import SiteSettings
from tests.stories import HOME, NOON, Story


def house(
    *, zone: str = "UTC", reactive_var: float = 3_000.0, **modes: dict[str, Any]
) -> SiteSettings:
    """Rated 5 kW; `modes` with the settings of each, the first of them in use."""
    site = load_site(HOME)
    control = site.control.model_copy(update={"start_mode": next(iter(modes), "passive")})
    inverter = site.inverter.model_copy(update={"max_reactive_var": reactive_var})
    changes = {"control": control, "inverter": inverter, "zone": zone, "modes": modes}
    return site.model_copy(update=changes)


def beside(site: SiteSettings, *names: str) -> SiteSettings:
    """The same site with these modes beside the one in use."""
    values = site.control.model_dump(mode="json") | {"beside": [{"mode": name} for name in names]}
    return site.model_copy(
        update={"control": type(site.control).model_validate(values, strict=False)}
    )


def story(site: SiteSettings) -> Story:
    """It runs."""
    return Story(site).running()


def entry(
    from_s: float, to_s: float, power_w: float | None = None, reactive_var: float | None = None
) -> ScheduleEntry:
    """Seconds after NOON; a Story's clock shows NOON and its `now_s`."""
    return ScheduleEntry(after(from_s), after(to_s), power_w, reactive_var)


def after(seconds: float) -> datetime:
    """So long after NOON."""
    return NOON + timedelta(seconds=seconds)


def plan(source: str, *entries: ScheduleEntry) -> Schedule:
    """As an accepted PutSchedule leaves it."""
    return Schedule(source, entries)
