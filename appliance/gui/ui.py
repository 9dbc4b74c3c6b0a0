"""The screen as QML sees it: `Ui` is what is shown and what was tapped, `Texts` every text."""

import msgspec
from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QQmlPropertyMap

from appliance.gui.alarms import AlarmRow
from appliance.gui.heard import HeardRow
from appliance.gui.modes import ModeRow
from appliance.gui.shown import Rows, Shown, shown_type
from appliance.gui.states import StateRow
from appliance.gui.texts import TEXTS, say
from appliance.gui.view import View
from appliance.model import (
    AckErrors,
    EndTest,
    GoToMode,
    GoToState,
    ResetErrors,
    ResetEstop,
    State,
    Word,
)

GROUPS = {
    field.name: shown_type(field.type)
    for field in msgspec.structs.fields(View)
    if isinstance(field.type, type) and issubclass(field.type, Word)
}
"""Every field of View that is one group of values."""


def _group(name: str) -> Property:
    return Property(QObject, lambda ui: ui.groups[name], None, None, "", constant=True)


class Ui(QObject):
    """The singleton `Ui` of the QML files."""

    ticked = Signal(float)
    """So many seconds have passed with fresh data: the dots move on."""
    wanted = Signal(object)
    """Somebody asks for something (a `Want`)."""
    put_aside = Signal()
    """The box is to rest on after the emergency stop: the sheet goes."""

    header = _group("header")
    link = _group("link")
    solar = _group("solar")
    grid = _group("grid")
    load = _group("load")
    battery = _group("battery")
    ring = _group("ring")
    mode = _group("mode")
    modes = _group("modes")
    why = _group("why")
    banner = _group("banner")
    alarms = _group("alarms")
    estop = _group("estop")
    by_hand = _group("by_hand")
    state = _group("state")
    start = _group("start")

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.groups: dict[str, Shown] = {name: kind(self) for name, kind in GROUPS.items()}
        self._alarm_rows = Rows(AlarmRow, self)
        self._mode_rows = Rows(ModeRow, self)
        self._more_rows = Rows(ModeRow, self)
        self._heard_rows = Rows(HeardRow, self)
        self._state_rows = Rows(StateRow, self)
        self._restart_rows = Rows(StateRow, self)

    def show(self, view: View) -> None:
        """Take over a view of the whole screen."""
        values = msgspec.structs.asdict(view)
        for name, group in self.groups.items():
            group.show(values[name])
        self._alarm_rows.show(view.alarm_rows)
        self._mode_rows.show(view.mode_rows)
        self._more_rows.show(view.more_rows)
        self._heard_rows.show(view.heard_rows)
        self._state_rows.show(view.state_rows)
        self._restart_rows.show(view.restart_rows)

    def _get_alarm_rows(self) -> QObject:
        return self._alarm_rows

    def _get_mode_rows(self) -> QObject:
        return self._mode_rows

    def _get_more_rows(self) -> QObject:
        return self._more_rows

    def _get_heard_rows(self) -> QObject:
        return self._heard_rows

    def _get_state_rows(self) -> QObject:
        return self._state_rows

    def _get_restart_rows(self) -> QObject:
        return self._restart_rows

    alarm_rows = Property(QObject, _get_alarm_rows, None, None, "", constant=True)
    mode_rows = Property(QObject, _get_mode_rows, None, None, "", constant=True)
    more_rows = Property(QObject, _get_more_rows, None, None, "", constant=True)
    heard_rows = Property(QObject, _get_heard_rows, None, None, "", constant=True)
    state_rows = Property(QObject, _get_state_rows, None, None, "", constant=True)
    restart_rows = Property(QObject, _get_restart_rows, None, None, "", constant=True)

    @Slot(str)  # type: ignore[arg-type]
    def choose_mode(self, name: str) -> None:
        """A mode was tapped."""
        self.wanted.emit(GoToMode(mode=name))

    @Slot(str)  # type: ignore[arg-type]
    def choose_state(self, name: str) -> None:
        """A state was tapped, or held long enough where that is asked for."""
        self.wanted.emit(GoToState(state=State(name)))

    @Slot()
    def stay_at_rest(self) -> None:
        """The sheet after an emergency stop was closed."""
        self.put_aside.emit()

    @Slot(int)  # type: ignore[arg-type]
    def confirm(self, number: int) -> None:
        """Confirm was tapped on an error."""
        self.wanted.emit(AckErrors(number=number))

    @Slot()
    def confirm_all(self) -> None:
        """Confirm all was tapped."""
        self.wanted.emit(AckErrors())

    @Slot()
    def reset(self) -> None:
        """Reset was held long enough on the notice of the emergency stop."""
        self.wanted.emit(ResetEstop())

    @Slot()
    def end_test(self) -> None:
        """End the test was tapped."""
        self.wanted.emit(EndTest())

    @Slot(int)  # type: ignore[arg-type]
    def reset_error(self, number: int) -> None:
        """Reset was held long enough on a latched error."""
        self.wanted.emit(ResetErrors(number=number))


def texts(parent: QObject) -> QQmlPropertyMap:
    """The singleton `Texts`, in the language that was chosen before the engine was made."""
    table = QQmlPropertyMap(parent)
    for key, words in TEXTS.items():
        table.insert(key, say(f"screen {key}", words))
    return table
