"""Which modes are there, which is in use, which run beside it, and what becomes of a tap on one?"""

from collections.abc import Iterable
from typing import Final

from appliance.gui import figures
from appliance.gui.asks import Asked
from appliance.gui.reasons import reason
from appliance.gui.texts import say, text, text_or
from appliance.gui.why import mode_title
from appliance.model import Status, Word

EVERYDAY: Final = (
    "self_consumption",
    "peak_shaving",
    "charge_only",
    "cost_saving",
    "load_matching",
    "backup",
    "passive",
)
"""What an owner chooses from, in this order."""
MORE: Final = (
    "local_control",
    "external_control",
    "maintenance_charge",
    "import_avoidance",
    "export_avoidance",
    "import_avoidance_when_short",
    "charge_to_soe",
    "discharge_to_soe",
    "dynamic_peak_approach",
    "dynamic_peak_discharge",
    "niv_chase",
    "axle_schedule",
)
"""For installers and markets, a tap further away; after them what this screen does not know."""


class ModeTile(Word, frozen=True):
    """The mode in use, who chose it, how many run beside it, and a change that is under way."""

    caption: str
    title: str
    others: str
    """How many run beside it; "" for none."""
    pending: str
    refused: str
    can_choose: bool


class ModesHead(Word, frozen=True):
    """What belongs to all rows of the chooser."""

    needs: str
    """What every mode cannot do without; "" where they differ."""
    more: str
    """On the button before the further modes; "" when there are none."""
    more_in_use: bool
    """The mode in use, or asked for, is one of the further ones."""


class ModeRow(Word, frozen=True):
    """One mode of the chooser."""

    name: str
    title: str
    does: str
    """In one line; of a mode that this box does not have, why."""
    needs: str
    note: str
    current: bool
    pending: bool
    can_choose: bool


def mode_tile(status: Status | None, live: bool, asked: Asked) -> ModeTile:
    """The card on the first page."""
    if status is None:
        return ModeTile(
            caption=text("mode"),
            others="",
            title=text("mode_unknown"),
            pending="",
            refused="",
            can_choose=False,
        )
    decision, wanted = status.decision, asked.mode
    by, others = figures.chosen_by(decision.mode_by), len(status.beside)
    return ModeTile(
        caption=text("mode_title", by=by),
        others=text("mode_others", count=others) if others else "",
        title=mode_title(status, decision.mode),
        pending="" if wanted is None else text("mode_pending", title=mode_title(status, wanted)),
        refused=text("mode_not_changed", reason=asked.mode_refused) if asked.mode_refused else "",
        can_choose=live,
    )


def modes_head(status: Status | None, asked: Asked) -> ModesHead:
    """Around the rows."""
    if status is None:
        return ModesHead(needs="", more="", more_in_use=False)
    further = _further(status)
    common = _common(status)
    return ModesHead(
        needs=text("mode_needs_all", needs=common) if common else "",
        more=text("mode_more", count=len(further)) if further else "",
        more_in_use=status.decision.mode in further or asked.mode in further,
    )


def mode_rows(status: Status | None, live: bool, asked: Asked) -> tuple[ModeRow, ...]:
    """What an owner chooses from, also what this box does not have."""
    if status is None:
        return ()
    return _rows(EVERYDAY, status, live, asked)


def more_rows(status: Status | None, live: bool, asked: Asked) -> tuple[ModeRow, ...]:
    """The others that this box has."""
    if status is None:
        return ()
    return _rows(_further(status), status, live, asked)


def _further(status: Status) -> tuple[str, ...]:
    known = tuple(name for name in MORE if name in status.modes)
    return (*known, *sorted(set(status.modes) - set(EVERYDAY) - set(MORE)))


def _rows(names: Iterable[str], status: Status, live: bool, asked: Asked) -> tuple[ModeRow, ...]:
    others, common = status.beside, _common(status)
    rows = []
    for name in names:
        if name in status.modes:
            rows.append(_row(name, status, live, asked, name in others, common))
        elif name in status.lacked:
            rows.append(_lacked(name, status))
    return tuple(rows)


def _row(
    name: str, status: Status, live: bool, asked: Asked, runs_too: bool, common: str
) -> ModeRow:
    current, pending = name == status.decision.mode, name == asked.mode
    summary = status.summaries.get(name, "")
    note = text("mode_beside") if runs_too else ""
    if pending:
        note = text("mode_asking")
    elif current:
        note = f"{text('mode_current')} · {figures.chosen_by(status.decision.mode_by)}"
    return ModeRow(
        name=name,
        title=mode_title(status, name),
        does=say(f"mode {name} summary", summary) if summary else "",
        needs="" if common else _needs(status.without.get(name, {})),
        note=note,
        current=current,
        pending=pending,
        can_choose=live,
    )


def _lacked(name: str, status: Status) -> ModeRow:
    lacked = status.lacked[name]
    return ModeRow(
        name=name,
        title=say(f"mode {name}", lacked.title),
        does=text("mode_lacked", reason=reason(lacked.because)),
        needs="",
        note="",
        current=False,
        pending=False,
        can_choose=False,
    )


def _common(status: Status) -> str:
    """What every mode needs, where all need the same."""
    needs = [status.without.get(name, {}) for name in status.modes]
    return _needs(needs[0]) if needs and all(one == needs[0] for one in needs) else ""


def _needs(without: dict[str, str]) -> str:
    """What the mode cannot do without, and what it does then. What it can do without is not told."""
    told = []
    for action in ("rests", "stops"):
        inputs = [
            text_or(f"input_{name}", "input_other", name=name)
            for name, what in without.items()
            if what == action
        ]
        if inputs:
            told.append(text(f"without_{action}", inputs=", ".join(inputs)))
    return " · ".join(told)
