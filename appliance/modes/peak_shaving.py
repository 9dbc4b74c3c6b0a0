"""Peak shaving: import and export at the grid connection stay within thresholds.

Above other modes it leaves them what the thresholds leave: the least battery power (discharge +) that keeps the
import, the most that keeps the export. A soft threshold binds them alone: nobody charges, or discharges, beyond it.
At a fixed one the battery also acts against what the site draws or feeds by itself. Where both cannot be held,
because one phase imports while another exports, import comes first. With no threshold at all the connection's own
limits are the fixed ones: nothing has to be set to guard it.
"""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from appliance.model import Memory, Snapshot, Wish
from appliance.modes._answers import unknown
from appliance.modes._demand import Demand, Late, counted_w
from appliance.modes._inputs import NEEDS_THE_PLANT, Inputs, Without
from appliance.modes._pid import PidGains, build_pid
from appliance.settings import Settings, Watts
from appliance.site import SiteSettings

TITLE: Final = "Peak shaving"
SUMMARY: Final = "Keeps import and export at the grid within thresholds"
WITHOUT: Final[Inputs] = {
    **NEEDS_THE_PLANT,
    "grid": Without.RESTS,
    "pv": Without.GOES_ON,
    "box": Without.GOES_ON,
}
AGAIN_PCT: Final = 2.0
"""It recharges again so far below the charge at which it ended."""
WORTH_WAKING_W: Final = 150.0


class ModeSettings(Settings):
    """Thresholds at the grid meter, magnitudes. With none at all: fixed ones at what the connection may carry."""

    import_w: Watts | None = None
    """Fixed: above it the battery discharges."""
    soft_import_w: Watts | None = None
    """No mode below charges so that more than this is imported."""
    export_w: Watts | None = None
    """Fixed: above it the battery charges."""
    soft_export_w: Watts | None = None
    """No mode below discharges so that more than this is exported."""
    recharge_w: Watts | None = None
    """With less import than this the battery charges with what is left to it. None: it never does for this mode."""
    recharge_to_pct: Annotated[float, Field(gt=0, le=100)] = 90.0
    """State of charge up to which it recharges, and below which others may not discharge it meanwhile."""
    per_phase: bool = False
    """Three times the worst phase counts, not the sum: for a fuse. The inverter loads all phases alike."""
    meter_late_s: Late = 0.0
    """So much older than the inverter's are the meter's values; `appliance ctl tune` measures it."""
    pid: PidGains = PidGains()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        order = (
            ("recharge_w", "soft_import_w"), ("recharge_w", "import_w"),
            ("soft_import_w", "import_w"), ("soft_export_w", "export_w"),
        )  # fmt: skip
        for lower, upper in order:
            low, high = getattr(self, lower), getattr(self, upper)
            if low is not None and high is not None and low > high:
                msg = f"{lower} = {low:g} must not be above {upper} = {high:g}"
                raise ValueError(msg)
        return self


class Mode:
    """Bounds for the modes below it, and power of its own where a fixed threshold needs it."""

    def __init__(self, settings: ModeSettings, site: SiteSettings) -> None:
        names = ("import_w", "soft_import_w", "export_w", "soft_export_w")
        if all(getattr(settings, name) is None for name in names):
            connection = site.connection
            most = {"import_w": connection.max_import_w, "export_w": connection.max_export_w}
            settings = settings.model_copy(update=most)
        self._settings = settings
        self._demand = Demand(site, settings.meter_late_s)
        self._of_import, self._of_export = build_pid(settings.pid), build_pid(settings.pid)
        self._import_w: float | None = None
        self._export_w: float | None = None
        self._recharges = False

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """What the thresholds leave; discharge or charge where a fixed one needs it, else recharge."""
        worst = counted_w(seen.grid, self._settings.per_phase)
        if worst is None:
            self._of_import.reset()
            self._of_export.reset()
            self._import_w = self._export_w = None
            phases = self._settings.per_phase and seen.grid is not None
            return unknown("the grid meter " + ("tells no phases" if phases else "is silent"))
        battery_w, now_s = self._demand.battery_w(seen, memory), seen.now_s
        import_w, export_w = worst[0] + battery_w, worst[1] + battery_w
        # The site as it is without the battery, smoothed; it begins with what is true.
        at_w = import_w if self._import_w is None else self._import_w
        self._import_w = self._of_import.command(import_w, at_w, now_s)
        at_w = export_w if self._export_w is None else self._export_w
        self._export_w = self._of_export.command(export_w, at_w, now_s)
        return self._answer(self._import_w, self._export_w, seen)

    def _answer(self, import_w: float, export_w: float, seen: Snapshot) -> Wish:
        """Bounds and want; the powers are the site's without the battery."""
        own, lowest_w, highest_w = self._settings, None, None  # type: ModeSettings, float | None, float | None
        if own.import_w is not None:
            lowest_w = import_w - own.import_w
        if own.soft_import_w is not None:
            soft_w = min(0.0, import_w - own.soft_import_w)
            lowest_w = soft_w if lowest_w is None else max(lowest_w, soft_w)
        if own.export_w is not None:
            highest_w = export_w + own.export_w
        if own.soft_export_w is not None:
            soft_w = max(0.0, export_w + own.soft_export_w)
            highest_w = soft_w if highest_w is None else min(highest_w, soft_w)
        if lowest_w is not None and highest_w is not None:
            highest_w = max(lowest_w, highest_w)
        if lowest_w is not None and lowest_w > 0.0:
            reason = f"to import no more than {own.import_w:.0f} W"
            return Wish(lowest_w, reason, lowest_w=lowest_w, highest_w=highest_w)
        if highest_w is not None and highest_w < 0.0:
            reason = f"to export no more than {own.export_w:.0f} W"
            return Wish(highest_w, reason, lowest_w=lowest_w, highest_w=highest_w)
        return self._recharge(import_w, lowest_w, highest_w, seen)

    def _recharge(
        self, import_w: float, lowest_w: float | None, highest_w: float | None, seen: Snapshot
    ) -> Wish:
        """Nothing is to be shaved: charge with what is left below the recharge threshold."""
        own = self._settings
        soc_pct = None if seen.battery is None else seen.battery.soc_pct
        below_pct = own.recharge_to_pct - (0.0 if self._recharges else AGAIN_PCT)
        self._recharges = own.recharge_w is not None and soc_pct is not None and soc_pct < below_pct
        if own.recharge_w is None or not self._recharges:
            return Wish(None, "nothing to shave", lowest_w=lowest_w, highest_w=highest_w)
        power_w = min(0.0, import_w - own.recharge_w)
        if lowest_w is not None:
            power_w = max(power_w, lowest_w)
        reason = f"to be ready for a peak with {own.recharge_to_pct:.0f} %"
        return Wish(power_w, reason, lowest_w=lowest_w, highest_w=power_w)

    def wakes(self, seen: Snapshot, _memory: Memory) -> bool:
        """When it would charge by more than it costs to be awake; the battery is asleep, so the meter tells all."""
        worst = counted_w(seen.grid, self._settings.per_phase)
        if worst is None:
            return False
        wish = self._answer(*worst, seen)
        return wish.power_w is not None and wish.power_w < -WORTH_WAKING_W
