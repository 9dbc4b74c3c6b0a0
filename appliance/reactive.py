"""How much reactive power, and by whose wish: a mode's, else the site's policy, within the inverter's circle.

Into the AC bus is positive (over-excited, lifts the voltage). Active and reactive power together never exceed the
apparent power: `reactive.priority` "p" leaves reactive power what active power does not need; with "q" it goes
ahead, and the limit "apparent power" leaves active power the rest (docs/decisions/0035).
"""

from collections.abc import Callable, Mapping
from math import exp, isfinite, sqrt
from typing import Final, NamedTuple

from appliance.model import Memory, Snapshot, Wish
from appliance.site import SiteSettings
from appliance.site.reactive import NOMINAL_V
from appliance.watches.grid import WIRED_PU, measured

TIME_CONSTANTS: Final = 3.0
"""So many until 95 % of the way is gone."""
ARRIVED_VAR: Final = 1.0
"""Nearer than this is there."""
ROUNDING: Final = 1e-12
"""Of the apparent power squared: what went ahead is not clipped by a rounded root."""
TOLD_VAR: Final = 0.5
"""Less than this is nothing to speak of."""


class Asked(NamedTuple):
    """What somebody wants now. `var` is the step towards `goal_var`."""

    var: float
    by: str
    goal_var: float
    missing: str = ""
    """Why nobody can say; `var` is 0 then."""


class ReactivePower(NamedTuple):
    """What is commanded, and what was wanted (None: nothing by anybody)."""

    var: float = 0.0
    wish_var: float | None = None
    words: str = ""
    """The end of the sentence why; "" when there is nothing to tell."""


QUIET: Final = ReactivePower()


def ahead_var(wish: Wish, by: str, seen: Snapshot, memory: Memory, site: SiteSettings) -> float:
    """Reactive power that goes before active power in this cycle; 0 where active power has priority."""
    if site.reactive.priority == "p":
        return 0.0
    asked = _asked(wish, by, wish.power_w or 0.0, seen, memory, site)
    return 0.0 if asked is None else _within(asked.var, site.inverter.max_reactive_var)


def reactive_power(
    wish: Wish, by: str, power_w: float, seen: Snapshot, memory: Memory, site: SiteSettings
) -> ReactivePower:
    """Beside `power_w` (discharge +), which is within all limits already; `by` is who wishes, where a mode does."""
    asked = _asked(wish, by, power_w, seen, memory, site)
    if asked is None:
        return QUIET
    apparent_va, most_var = site.inverter.apparent_va, site.inverter.max_reactive_var
    square_left = apparent_va * apparent_va - power_w * power_w
    room_var = sqrt(max(0.0, square_left))
    var = _within(asked.var, min(most_var, room_var)) + 0.0
    if abs(asked.var) <= most_var and asked.var**2 <= square_left + ROUNDING * apparent_va**2:
        var = asked.var
    if asked.missing:
        return ReactivePower(var, None, f"; {asked.by} cannot say: {asked.missing}; 0 var")
    if var != asked.var:
        limit = "the inverter" if most_var <= room_var else "the apparent power"
        words = f"; {asked.by} wants {round(asked.goal_var)} var, {limit} allows {round(var)} var"
    else:
        words = "" if abs(var) < TOLD_VAR else f"; {round(var)} var by {asked.by}"
    return ReactivePower(var, asked.goal_var, words)


def _asked(
    wish: Wish, by: str, power_w: float, seen: Snapshot, memory: Memory, site: SiteSettings
) -> Asked | None:
    """A mode's wish comes before the policy, and is followed at once."""
    var = wish.reactive_var
    if var is not None:
        return Asked(var, by, var) if isfinite(var) else Asked(0.0, by, 0.0, "it made no number")
    policy = POLICIES.get(site.reactive.policy)
    return None if policy is None else policy(power_w, seen, memory, site)


def _fixed_var(_power_w: float, _seen: Snapshot, _memory: Memory, site: SiteSettings) -> Asked:
    var = site.reactive.fixed_var
    return Asked(var, "the fixed setting", var)


def _cos_phi(power_w: float, _seen: Snapshot, _memory: Memory, site: SiteSettings) -> Asked:
    reactive = site.reactive
    var = _beside(power_w, reactive.cos_phi, reactive.excited, site.inverter.apparent_va)
    return Asked(var, f"cos φ {reactive.cos_phi:g}", var)


def _cos_phi_p(power_w: float, _seen: Snapshot, _memory: Memory, site: SiteSettings) -> Asked:
    code = site.grid_code
    curve = site.reactive.cos_phi_p or (None if code is None else code.cos_phi_p)
    assert curve is not None  # site.toml is refused without
    rated_w = site.inverter.max_discharge_w
    cos_phi = _along(curve.points, power_w / rated_w if rated_w else 0.0)
    var = _beside(power_w, cos_phi, curve.excited, site.inverter.apparent_va)
    return Asked(var, "cos φ(P)", var)


def _q_u(_power_w: float, seen: Snapshot, memory: Memory, site: SiteSettings) -> Asked:
    code = site.grid_code
    curve = site.reactive.q_u or (None if code is None else code.q_u)
    assert curve is not None  # site.toml is refused without
    nominal_v = NOMINAL_V if code is None else code.nominal_v
    volts = [volt for volt in measured(seen.grid, seen.inverter)[0] if isfinite(volt)]
    volts = [volt for volt in volts if volt > WIRED_PU * nominal_v]
    if not volts:
        return Asked(0.0, "Q(U)", 0.0, "nobody tells the voltage")
    mean_pu = sum(volts) / len(volts) / nominal_v
    goal_var = site.inverter.apparent_va * _along(curve.points, mean_pu)
    return Asked(_settled(goal_var, curve.settling_s, seen, memory), "Q(U)", goal_var)


Policies = Mapping[str, Callable[[float, Snapshot, Memory, SiteSettings], Asked]]
POLICIES: Final[Policies] = {
    "fixed_var": _fixed_var,
    "cos_phi": _cos_phi,
    "q_u": _q_u,
    "cos_phi_p": _cos_phi_p,
}


def _beside(power_w: float, cos_phi: float, excited: str, apparent_va: float) -> float:
    """Reactive power beside `power_w`, on a circle no larger than the inverter's."""
    size_va = min(abs(power_w) / cos_phi, apparent_va)
    var = size_va * sqrt(1.0 - cos_phi * cos_phi)
    return var if excited == "over" else -var


def _settled(goal_var: float, settling_s: float, seen: Snapshot, memory: Memory) -> float:
    """One step from what was commanded last towards the goal, first order."""
    before_var, before_s = memory.commanded.reactive_var, memory.decided_at_s
    passed_s = 0.0 if before_s is None else max(0.0, seen.now_s - before_s)
    left = exp(-TIME_CONSTANTS * passed_s / settling_s) if settling_s > 0.0 else 0.0
    var = goal_var + (before_var - goal_var) * left
    return goal_var if abs(goal_var - var) < ARRIVED_VAR else var


def _along(points: tuple[tuple[float, float], ...], at: float) -> float:
    """Straight between points with rising first numbers, level beyond the outermost."""
    before_at, before = points[0]
    if at <= before_at:
        return before
    for after_at, after in points[1:]:
        if at <= after_at:
            return before + (after - before) * (at - before_at) / (after_at - before_at)
        before_at, before = after_at, after
    return before


def _within(var: float, most_var: float) -> float:
    return max(-most_var, min(var, most_var))
