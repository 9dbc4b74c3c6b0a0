"""Which modes are asked, what each wants and leaves to the others, and what came of it; for `appliance ctl`."""

from appliance.model import Heard, Status, Wish

Words = dict[str, object]


def heard_words(status: Status) -> Words:
    """For `ctl status --json`. Powers by the sign convention, discharge +."""
    return {
        "beside": status.beside,
        "heard": [
            {
                "mode": one.mode,
                "wants_w": _wanted_w(one.wish),
                "lowest_w": one.wish.lowest_w,
                "highest_w": one.wish.highest_w,
                "reactive_var": one.wish.reactive_var,
                "reason": one.wish.reason,
                "missing": one.wish.missing,
                "won": one.won,
                "held": one.held,
            }
            for one in status.decision.heard
        ],
    }


def beside_words(status: Status) -> str:
    """The modes beside the one in use, as the end of a line."""
    return ", ".join(_title(status, name) for name in status.beside)


def heard_lines(status: Status) -> list[str]:
    """A line for every mode that was asked, the first in priority first; none where it is the only one."""
    if not status.beside:
        return []
    heard = status.decision.heard
    wide = max(len(_title(status, one.mode)) for one in heard)
    return [
        f"{'' if at else 'asked':9}{_title(status, one.mode):{wide}}  {_answer(one)}"
        for at, one in enumerate(heard)
    ]


def _answer(one: Heard) -> str:
    wish = one.wish
    if wish.missing:
        return f"cannot say: {wish.missing}; those below are not heard"
    parts = [_wants(wish), _room(wish), wish.reason]
    parts += ["followed"] if one.won else ["holds back"] if one.held else []
    return "; ".join(part for part in parts if part)


def _wants(wish: Wish) -> str:
    watts = _wanted_w(wish)
    told = "wants nothing" if watts is None else f"wants {watts:.0f} W"
    return told if wish.reactive_var is None else f"{told} and {wish.reactive_var:.0f} var"


def _room(wish: Wish) -> str:
    low, high = wish.lowest_w, wish.highest_w
    least = None if low is None else f"at least {low:.0f} W"
    most = None if high is None else f"at most {high:.0f} W"
    if low is not None and low == high:
        return "leaves nothing to the others"
    return ", ".join(bound for bound in (least, most) if bound is not None)


def _wanted_w(wish: Wish) -> float | None:
    return wish.power_w if wish.wants_w is None else wish.wants_w


def _title(status: Status, mode: str) -> str:
    return status.modes.get(mode, mode)
