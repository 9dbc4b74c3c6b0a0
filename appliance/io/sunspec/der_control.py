"""Model 704: active and reactive power in W and var (or % of the maximum), both directions, with timers.

The device goes back to 0 W and 0 var by itself when a set-point is not written again in time.
"""

from typing import Final

from typing_extensions import override

from appliance.io.known import times
from appliance.io.registers import Values, Write
from appliance.io.sunspec.control import Control, Reactive, Site
from appliance.io.sunspec.model import Model, Wanted

WATTS, PERCENT = 1, 0
"""704 WSetMod"""
VARS: Final = 4
"""704 VarSetMod"""
W_MAX: Final = 1
"""704 WRmpRef"""
ENABLED: Final = 1


class DerPower(Control):
    """WSet or WSetPct of model 704."""

    title = "704"

    def __init__(self, model: Model, site: Site) -> None:
        self._model = model
        self._site = site
        by = site.options.power_by
        self._in_watts = model.has("WSet") if by == "auto" else by == "watts"
        full_w = site.ratings.full_w
        if not self._in_watts and full_w is None:
            msg = "model 704 takes percentages only, and the device does not say of what"
            raise ValueError(msg)
        self._full_w = full_w or 1.0
        self._point = "WSet" if self._in_watts else "WSetPct"
        self.has_timeout = model.has("WSetRvrtTms")
        share = Wanted("WSetPct", "set_share", slow=False, factor=0.01)
        self.rows = model.rows(
            [
                Wanted("WSetEna", "set_enabled", slow=False),
                Wanted("WSetMod", "set_mode", slow=False),
                Wanted("WSet", "set_w", slow=False) if self._in_watts else share,
            ]
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        model = self._model
        wanted = {
            "WSetMod": WATTS if self._in_watts else PERCENT,
            f"{self._point}Rvrt": 0.0,
            "WSetEnaRvrt": ENABLED,
            "WSetRvrtTms": self._site.timeout_s,
        }
        writes = [model.write(point, value) for point, value in wanted.items() if model.has(point)]
        ramp = self._site.ramp_pct_per_s(self._full_w)
        if ramp is not None and self._site.ratings.full_w and model.has("WRmp"):
            if model.has("WRmpRef"):
                writes.append(model.held(model.write("WRmpRef", W_MAX)))
            writes.append(model.held(model.write("WRmp", max(1.0, ramp))))
        return tuple(writes)

    @override
    def power(self, power_w: float) -> tuple[Write, ...]:
        value = power_w if self._in_watts else 100.0 * power_w / self._full_w
        return (
            self._model.write(self._point, value),
            *_timer(self._model, "WSetRvrtTms", self._site.timeout_s),
            self._model.write("WSetEna", ENABLED),
        )

    @override
    def setpoint_w(self, values: Values) -> float | None:
        mode = values.get("set_mode")
        if values.get("set_enabled") != ENABLED or mode == (PERCENT if self._in_watts else WATTS):
            return None
        if self._in_watts:
            return values.get("set_w")
        return times(self._full_w, values.get("set_share"))


class DerReactive(Reactive):
    """VarSet of model 704."""

    def __init__(self, model: Model, site: Site) -> None:
        self._model = model
        self._site = site
        self.rows = model.rows(
            [
                Wanted("VarSetEna", "set_var_enabled", slow=False),
                Wanted("VarSet", "set_var", slow=False),
            ]
        )

    @override
    def arm(self) -> tuple[Write, ...]:
        model = self._model
        wanted = {
            "VarSetMod": VARS,
            "VarSetRvrt": 0.0,
            "VarSetEnaRvrt": ENABLED,
            "VarSetRvrtTms": self._site.timeout_s,
        }
        return tuple(
            model.write(point, value) for point, value in wanted.items() if model.has(point)
        )

    @override
    def reactive(self, reactive_var: float) -> tuple[Write, ...]:
        return (
            self._model.write("VarSet", reactive_var),
            *_timer(self._model, "VarSetRvrtTms", self._site.timeout_s),
            self._model.write("VarSetEna", ENABLED),
        )

    @override
    def setpoint_var(self, values: Values) -> float | None:
        return values.get("set_var") if values.get("set_var_enabled") == ENABLED else None


def _timer(model: Model, point: str, timeout_s: int) -> tuple[Write, ...]:
    """Start the timer again, where there is one."""
    return (model.write(point, timeout_s),) if model.has(point) else ()
