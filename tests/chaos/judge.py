"""Judges one scenario by what was said on the wires and what the plant did; it asks nobody else.

Every rule is one function that answers with what it found wrong.
"""

from collections.abc import Callable, Iterator

from tests.chaos.decode import CLOSE, POWER
from tests.chaos.rows import FLOWING, KEEPS, LATCHES, RESTING, RESTS
from tests.chaos.seen import NOT_BACK, SAFE, UNSAFE, Seen, Verdict, put_figures

OVER_SHARE, OVER_W = 0.02, 100.0
"""Losses and the noise of meters."""
BMS_LATE_S = 1.5
"""A limit of the BMS that falls is to be kept after so long."""
ORDER_S = 0.3
"""What was said to another device at the same moment may be heard a little later."""
OPENS_S = 1.4
"""Contactors after an emergency stop: issue 4 demands 1 s; the rest is for a busy machine."""
LOW_A, LOW_SHARE = 2.0, 0.01
"""Contactors that the box opens: less than this flows."""
SOC_PCT = 0.5
NEEDED_SHARE = 0.2
BACK_S = 45.0
Found = Iterator[str]


# ------------------------------------------------------------------ the rules


def in_time(seen: Seen, found: Verdict) -> Found:
    """Power is zero within the bound."""
    bound, times = seen.row.bound, seen.times
    if bound is None or abs(times.flowed_w) < seen.place.zero_w:
        return
    if found.zero_s is None:
        yield f"never zero; bound {bound.seconds:.1f} s"
    elif found.zero_s > bound.seconds:
        yield f"zero after {found.zero_s:.2f} s, bound {bound.seconds:.1f} s"


def stays_away(seen: Seen, found: Verdict) -> Found:
    """Power does not come back while it must not."""
    bound, row, times = seen.row.bound, seen.row, seen.times
    if row.moment in RESTING:
        first_s, last_s = times.fault_s, times.back_s or times.end_s
    elif row.kind in (RESTS, LATCHES) and bound is not None:
        zero_s = bound.seconds if found.zero_s is None else min(found.zero_s, bound.seconds)
        first_s, last_s = times.fault_s + zero_s, seen.quiet_until_s
    else:
        return
    looks = seen.after(first_s, last_s)
    found.returned_w = max((abs(one.battery_w) for one in looks), default=0.0)
    if found.returned_w > max(2.0 * seen.place.zero_w, 50.0):
        yield f"{found.returned_w:.0f} W flowed while nothing may"


def opens_soon(seen: Seen, found: Verdict) -> Found:
    """An emergency stop asks for open contactors within a second, whatever flows."""
    row = seen.row
    others = {row.fault.device, "" if row.second is None else row.second.device} & {"bms", "core"}
    flowed = abs(seen.times.flowed_w) >= seen.place.zero_w
    if row.kind != LATCHES or others or not seen.place.contactors or not flowed:
        return
    if found.open_wire_s is None:
        yield "contactors were never asked to open"
    elif found.open_wire_s > OPENS_S:
        yield f"contactors asked to open after {found.open_wire_s:.2f} s"


def stays_open(seen: Seen, _found: Verdict) -> Found:
    """Nobody closes contactors of a box at rest."""
    if seen.row.moment not in RESTING or not seen.place.contactors:
        return
    closed = [one for one in seen.after(seen.times.fault_s, seen.times.mended_s) if one.connected]
    if closed:
        yield f"contactors closed at rest, {closed[0].at_s - seen.times.fault_s:.2f} s after the fault"


def within_rating(seen: Seen, found: Verdict) -> Found:
    """Inverter and connection are never exceeded."""
    place = seen.place
    if found.over_w > OVER_SHARE * place.most_w + OVER_W:
        yield f"{found.over_w:.0f} W beyond the inverter's {place.most_w:.0f} W"
    if found.over_connection_w > OVER_SHARE * place.import_w + OVER_W:
        yield f"{found.over_connection_w:.0f} W beyond the grid connection"
    asked = [one for one in seen.said if one.kind == POWER and one.at_s >= seen.times.fault_s]
    most_w = max((abs(one.value) for one in asked), default=0.0)
    if most_w > place.most_w + 1.0:
        yield f"{most_w:.0f} W asked for on the wire, more than {place.most_w:.0f} W"


def within_battery(seen: Seen, found: Verdict) -> Found:
    """What the BMS allows is kept, where the box can know it; so is the window of charge."""
    since_s: float | None = None
    for one in seen.after(seen.times.fault_s):
        over_w = max(one.dc_w - one.max_discharge_w, -one.dc_w - one.max_charge_w)
        size_w = OVER_SHARE * seen.place.most_w + OVER_W
        if over_w <= size_w:
            since_s = None
            continue
        since_s = one.at_s if since_s is None else since_s
        if one.at_s - since_s > BMS_LATE_S:
            found.over_bms_w = max(found.over_bms_w, over_w)
    looks = seen.after(seen.times.fault_s)
    flowing = [one.soc_pct for one in looks if one.battery_w > seen.place.zero_w]
    found.below_soc_pct = max((10.0 - soc for soc in flowing), default=0.0)
    found.below_soc_pct = max(0.0, found.below_soc_pct)
    if found.over_bms_w > 0.0 and seen.row.fault.device != "bms":
        yield f"{found.over_bms_w:.0f} W beyond the battery's own limit"
    if found.below_soc_pct > SOC_PCT:
        yield f"discharged {found.below_soc_pct:.1f} % below the reserve"


def opens_without_load(seen: Seen, found: Verdict) -> Found:
    """Contactors that the box opens carry no current; declared: emergency stop, unreachable inverter."""
    row = seen.row
    excused = row.kind == LATCHES or row.fault.unreachable
    excused = excused or (row.second is not None and row.second.unreachable)
    if found.opened_a is None or found.opened_by != "box" or excused:
        return
    most_a = max(LOW_A, LOW_SHARE * seen.place.rated_a)
    if found.opened_a > most_a:
        yield f"the box opened contactors at {found.opened_a:.1f} A"


def asks_nothing(seen: Seen, _found: Verdict) -> Found:
    """On the wires: no power, no start, no closing while the box rests or is latched."""
    row, times = seen.row, seen.times
    if row.kind == LATCHES:
        bound = row.bound
        first_s = times.fault_s + (0.0 if bound is None else bound.seconds)
        last_s = seen.quiet_until_s
    elif row.moment in RESTING:
        first_s, last_s = times.fault_s, times.mended_s or times.end_s
    else:
        return
    for one in seen.said:
        if first_s <= one.at_s <= last_s and one.value:
            yield f"{one.kind} {one.value:.0f} said on the wire {one.at_s - times.fault_s:.2f} s after the fault"
            return


def in_order(seen: Seen, _found: Verdict) -> Found:
    """No power is asked for while the box asks for open contactors."""
    closed: bool | None = None
    since_s = 0.0
    for one in seen.said:
        if one.kind == CLOSE:
            closed, since_s = bool(one.value), one.at_s
        elif one.kind == POWER and one.value and closed is False and one.at_s > since_s + ORDER_S:
            yield f"{one.value:.0f} W asked for while contactors were to be open"
            return


def comes_back(seen: Seen, _found: Verdict) -> Found:
    """Power (or rest) is there again by itself, after a reset where one is needed."""
    if seen.times.back_s is None:
        yield f"not back within {BACK_S:.0f} s"


def goes_on(seen: Seen, _found: Verdict) -> Found:
    """A fault that does not matter takes no power away."""
    row, times = seen.row, seen.times
    if row.kind != KEEPS or row.moment not in FLOWING:
        return
    looks = seen.after(times.fault_s, times.mended_s)
    least_w = min((abs(one.battery_w) for one in looks), default=0.0)
    if least_w < NEEDED_SHARE * abs(times.flowed_w):
        yield f"power fell to {least_w:.0f} W without need"


SAFETY: tuple[Callable[[Seen, Verdict], Found], ...] = (
    in_time, stays_away, opens_soon, stays_open, within_rating, within_battery, opens_without_load, asks_nothing, in_order,
)  # fmt: skip
SERVICE: tuple[Callable[[Seen, Verdict], Found], ...] = (comes_back, goes_on)


def judge(seen: Seen) -> Verdict:
    """The verdict, with every reason."""
    row, bound = seen.row, seen.row.bound
    found = Verdict(
        row.name, row.place.name, row.fault.device, row.fault.fault, row.moment, row.kind
    )
    if bound is not None:
        found.bound_s, found.bound_from = round(bound.seconds, 2), bound.source
    put_figures(seen, found)
    unsafe = [reason for rule in SAFETY for reason in rule(seen, found)]
    weak = [reason for rule in SERVICE for reason in rule(seen, found)]
    found.verdict = UNSAFE if unsafe else NOT_BACK if weak else SAFE
    found.reasons, found.hands = unsafe + weak, seen.times.hands
    found.over_w, found.over_connection_w = (
        max(0.0, found.over_w),
        max(0.0, found.over_connection_w),
    )
    found.took_s = seen.times.end_s - seen.times.fault_s
    return found
