"""Models 124 and 123: the storage limits and the power limit of older devices, in percent.

124: a limit below zero forces the other direction (in the field so: evcc's Fronius template; the
standard is silent), so two limits that meet leave one power only. 123 limits what goes out.
"""

from typing import Final

from typing_extensions import override

from appliance.io.known import times, within
from appliance.io.registers import Values, Write
from appliance.io.sunspec.control import Control, Reactive, Site
from appliance.io.sunspec.model import Model, Wanted

BOTH_LIMITS: Final = 3
"""124 StorCtl_Mod: the limits of charging (bit 0) and of discharging (bit 1) are active."""
FROM_GRID: Final = 1
"""124 ChaGriSet"""
OF_W_MAX: Final = 1
"""123 VArPct_Mod"""
ENABLED: Final = 1
SAME: Final = 0.006
"""Two limits that meet may be rounded apart by this share."""


class StorageLimits(Control):
    """InWRte and OutWRte of model 124, which always meet."""

    title = "124"

    def __init__(self, model: Model, site: Site) -> None:
        charge_w = site.device.known((124, "WChaMax"))
        if charge_w is None:
            msg = "model 124 does not say what its percentages are of (WChaMax)"
            raise ValueError(msg)
        self._model = model
        self._site = site
        self._charge_w = charge_w
        self._discharge_w = site.options.discharge_full_w or charge_w
        self.has_timeout = model.has("InOutWRte_RvrtTms")
        self.rows = model.rows(
            [
                Wanted("StorCtl_Mod", "limits_active", slow=False),
                Wanted("OutWRte", "discharge_share", slow=False, factor=0.01),
                Wanted("InWRte", "charge_share", slow=False, factor=0.01),
            ]
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        model, writes = self._model, []
        if self.has_timeout:
            writes.append(model.write("InOutWRte_RvrtTms", self._site.timeout_s))
        if model.has("ChaGriSet"):
            writes.append(model.held(model.write("ChaGriSet", FROM_GRID)))
        rate, ramp_s = self._site.ramp_pct_per_s(self._charge_w), self._site.ramp_s(self._charge_w)
        if rate is not None and model.has("WChaGra", "WDisChaGra"):
            writes += [model.held(model.write(name, rate)) for name in ("WChaGra", "WDisChaGra")]
        elif ramp_s is not None and model.has("InOutWRte_RmpTms"):
            writes.append(model.write("InOutWRte_RmpTms", ramp_s))
        return tuple(writes)

    @override
    def power(self, power_w: float) -> tuple[Write, ...]:
        model = self._model
        out_pct = within(100.0 * power_w / self._discharge_w, 100.0)
        in_pct = within(-100.0 * power_w / self._charge_w, 100.0)
        out, into = model.write("OutWRte", out_pct), model.write("InWRte", in_pct)
        both = Write(out.address, "holding", out.words + into.words)
        timer = (
            (model.write("InOutWRte_RvrtTms", self._site.timeout_s),) if self.has_timeout else ()
        )
        return both, *timer, model.write("StorCtl_Mod", BOTH_LIMITS)

    @override
    def setpoint_w(self, values: Values) -> float | None:
        out, into = values.get("discharge_share"), values.get("charge_share")
        if values.get("limits_active") != BOTH_LIMITS or out is None or into is None:
            return None
        out_w, in_w = out * self._discharge_w, into * self._charge_w
        return out_w if abs(out_w + in_w) <= SAME * max(self._charge_w, self._discharge_w) else None


class PowerLimit(Control):
    """WMaxLimPct of model 123."""

    title = "123"

    def __init__(self, model: Model, site: Site) -> None:
        full_w = site.ratings.full_w
        if full_w is None:
            msg = "model 123 takes percentages, and the device does not say of what (WMax)"
            raise ValueError(msg)
        self._model = model
        self._site = site
        self._full_w = full_w
        self._signed = site.options.negative_limit_charges
        self.warning = "" if self._signed else "model 123 cannot charge: it only limits discharging"
        self.has_timeout = model.has("WMaxLimPct_RvrtTms")
        self.rows = model.rows(
            [
                Wanted("WMaxLimPct", "limit_share", slow=False, factor=0.01, signed=self._signed),
                Wanted("WMaxLim_Ena", "limit_enabled", slow=False),
            ]
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        model, writes = self._model, []
        if self.has_timeout:
            writes.append(model.write("WMaxLimPct_RvrtTms", self._site.timeout_s))
        ramp_s = self._site.ramp_s(self._full_w)
        if ramp_s is not None and model.has("WMaxLimPct_RmpTms"):
            writes.append(model.write("WMaxLimPct_RmpTms", ramp_s))
        return tuple(writes)

    @override
    def power(self, power_w: float) -> tuple[Write, ...]:
        model = self._model
        pct = max(-100.0 if self._signed else 0.0, min(100.0, 100.0 * power_w / self._full_w))
        timer = (
            (model.write("WMaxLimPct_RvrtTms", self._site.timeout_s),) if self.has_timeout else ()
        )
        limit = model.write("WMaxLimPct", pct, signed=self._signed)
        return limit, *timer, model.write("WMaxLim_Ena", ENABLED)

    @override
    def setpoint_w(self, values: Values) -> float | None:
        if values.get("limit_enabled") != ENABLED:
            return None
        return times(self._full_w, values.get("limit_share"))


class OldReactive(Reactive):
    """VArWMaxPct of model 123."""

    def __init__(self, model: Model, site: Site, full_w: float) -> None:
        self._model = model
        self._site = site
        self._full_w = full_w
        self._has_timeout = model.has("VArPct_RvrtTms")
        self.rows = model.rows(
            [
                Wanted("VArWMaxPct", "var_share", slow=False, factor=0.01),
                Wanted("VArPct_Ena", "var_enabled", slow=False),
            ]
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        mode = (self._model.write("VArPct_Mod", OF_W_MAX),) if self._model.has("VArPct_Mod") else ()
        return mode + self._timer()

    @override
    def reactive(self, reactive_var: float) -> tuple[Write, ...]:
        pct = within(100.0 * reactive_var / self._full_w, 100.0)
        enable = self._model.write("VArPct_Ena", ENABLED)
        return self._model.write("VArWMaxPct", pct), *self._timer(), enable

    @override
    def setpoint_var(self, values: Values) -> float | None:
        if values.get("var_enabled") != ENABLED:
            return None
        return times(self._full_w, values.get("var_share"))

    def _timer(self) -> tuple[Write, ...]:
        if not self._has_timeout:
            return ()
        return (self._model.write("VArPct_RvrtTms", self._site.timeout_s),)
