"""How does energy flow? The four tiles around the ring, and the ring.

Signs as everywhere: grid import +, battery discharge +, PV production +. `inward` is +1 when
energy flows from the tile toward the ring. Solar and grid stand left of the ring, building and
battery right of it; an arrow points the way the energy goes on the screen.
"""

from dataclasses import dataclass

from appliance.gui import figures
from appliance.gui.texts import text
from appliance.model import BatteryReading, InverterReading, MeterReading, Status, Word

SLOWEST_PX_S, FASTEST_PX_S = 20.0, 60.0
FULL_PCT = 100.0


class Flow(Word, frozen=True):
    """One tile and the line from it to the ring."""

    value: str
    word: str
    arrow: str
    inward: int
    speed_px_s: float
    """Of the dots, toward the ring +."""
    known: bool
    shown: bool = True


class Ring(Word, frozen=True):
    """The state of charge. Levels are shares 0 to 1; −1 when unknown."""

    soc: str
    level: float
    reserve: float
    low: bool
    word: str
    arrow: str
    eta: str
    stored: str


@dataclass(frozen=True, slots=True)
class Flows:
    """The four tiles."""

    solar: Flow
    grid: Flow
    load: Flow
    battery: Flow


def battery_power_w(status: Status) -> float | None:
    """Battery power, discharge +: at the inverter's AC terminals, else what the BMS measures."""
    inverter, battery = status.snapshot.inverter, status.snapshot.battery
    at_ac = _power_w(inverter)
    return at_ac if at_ac is not None else _power_w(battery)


def flows(status: Status | None, live: bool, has_pv: bool) -> Flows:
    """The tiles. Without a PV meter the site's consumption is grid + battery."""
    solar = grid = load = battery = None
    rated_w = 1.0
    if status is not None:
        rated_w = status.rated_w
        solar, grid = _power_w(status.snapshot.pv), _power_w(status.snapshot.grid)
        battery = battery_power_w(status)
        load = status.load_w
    return Flows(
        solar=_flow(solar, rated_w, live, 1, ("producing", "consuming", "no_production"), has_pv),
        grid=_flow(grid, rated_w, live, 1, ("import", "export", "balanced"), magnitude=True),
        load=_flow(load, rated_w, live, -1, ("consuming", "feeding", "no_load")),
        battery=_flow(
            battery, rated_w, live, 1, ("discharging", "charging", "resting"),
            left=False, magnitude=True,
        ),
    )  # fmt: skip


def _power_w(reading: MeterReading | InverterReading | BatteryReading | None) -> float | None:
    return None if reading is None else reading.power_w


def _flow(
    power_w: float | None,
    rated_w: float,
    live: bool,
    inward_when_positive: int,
    words: tuple[str, str, str],
    shown: bool = True,
    left: bool | None = None,
    magnitude: bool = False,
) -> Flow:
    """`words` for positive, negative and no power. Where the word tells the sign, the figure does not."""
    left = inward_when_positive > 0 if left is None else left
    sign = figures.direction(power_w, rated_w)
    inward = sign * inward_when_positive
    figure_w = abs(power_w) if magnitude and power_w is not None else power_w
    word = "no_reading" if power_w is None else words[0 if sign > 0 else 1 if sign < 0 else 2]
    return Flow(
        value=figures.kilowatts(figure_w, rated_w),
        word=text(word),
        arrow="" if inward == 0 else "→" if (inward > 0) == left else "←",
        inward=inward,
        speed_px_s=inward * _speed_px_s(power_w, rated_w) if live else 0.0,
        known=live and power_w is not None,
        shown=shown,
    )


def _speed_px_s(power_w: float | None, rated_w: float) -> float:
    share = min(1.0, abs(power_w or 0.0) / rated_w) if rated_w > 0 else 0.0
    return SLOWEST_PX_S + (FASTEST_PX_S - SLOWEST_PX_S) * share


def ring(status: Status | None, live: bool, average_w: float | None) -> Ring:
    """State of charge, what the battery does, and for how long at `average_w` (discharge +)."""
    if status is None:
        return _empty_ring()
    battery = status.snapshot.battery
    soc_pct = battery.soc_pct if battery is not None else None
    sign = figures.direction(battery_power_w(status), status.rated_w)
    low = soc_pct is not None and soc_pct <= status.reserve_pct
    return Ring(
        soc=figures.percent(soc_pct),
        level=-1.0 if soc_pct is None else round(soc_pct) / 100.0,
        reserve=status.reserve_pct / 100.0,
        low=low,
        word=text(_ring_word(battery_power_w(status), sign, low)),
        arrow={1: "↑", -1: "↓", 0: ""}[sign],
        eta=_eta(status, soc_pct, average_w) if live and sign else "",
        stored=_stored(status, battery),
    )


def _empty_ring() -> Ring:
    return Ring(
        soc=text("unknown"),
        level=-1.0,
        reserve=-1.0,
        low=False,
        word=text("ring_unknown"),
        arrow="",
        eta="",
        stored="",
    )


def _ring_word(power_w: float | None, sign: int, low: bool) -> str:
    if power_w is None:
        return "ring_unknown"
    if sign == 0:
        return "ring_at_reserve" if low else "ring_resting"
    return "ring_discharging" if sign > 0 else "ring_charging"


def _eta(status: Status, soc_pct: float | None, average_w: float | None) -> str:
    """Time to full or to the reserve; empty when neither is ahead."""
    sign = figures.direction(average_w, status.rated_w)
    if soc_pct is None or average_w is None or sign == 0:
        return ""
    share_pct = soc_pct - status.reserve_pct if sign > 0 else FULL_PCT - soc_pct
    if share_pct < 0.1:
        return ""
    hours = share_pct / 100.0 * _capacity_wh(status) / abs(average_w)
    return text("reserve_in" if sign > 0 else "full_in", time=figures.duration(hours))


def _stored(status: Status, battery: BatteryReading | None) -> str:
    if battery is None or battery.soe_wh is None:
        return ""
    energy, capacity = figures.kilowatt_hours(battery.soe_wh, _capacity_wh(status))
    return text("stored", energy=energy, capacity=capacity)


def _capacity_wh(status: Status) -> float:
    """Of the racks that work: one that is open holds nothing that can be used."""
    battery = status.snapshot.battery
    return status.capacity_wh * (1.0 if battery is None else battery.working_share)
