"""Frozen views as Qt objects: one property per field, and a signal only for what has changed."""

import types
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, get_type_hints

import msgspec
from PySide6.QtCore import (
    Property,
    QAbstractListModel,
    QByteArray,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from typing_extensions import override

from appliance.model import Word

Value = str | bool | int | float
W = TypeVar("W", bound=Word)
Index = QModelIndex | QPersistentModelIndex


class Shown(QObject):
    """What QML sees of one view. Made by `shown_type`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values: dict[str, Value] = {}

    def value_of(self, name: str, empty: Value) -> Value:
        """One field; `empty` before the first view."""
        return self._values.get(name, empty)

    def show(self, view: Word) -> None:
        """Take over a view; the fields that differ are announced."""
        fresh: dict[str, Value] = msgspec.structs.asdict(view)
        changed = [name for name, value in fresh.items() if self._values.get(name) != value]
        self._values = fresh
        for name in changed:
            # The signals are made from the same field names, in shown_type.
            getattr(self, f"{name}_changed").emit()


def _reader(name: str, kind: type) -> Callable[[Shown], Value]:
    empty: Value = kind()

    def read(shown: Shown) -> Value:
        return shown.value_of(name, empty)

    return read


def shown_type(view: type[Word]) -> type[Shown]:
    """A QObject class with a read-only property for every field of `view`."""
    namespace: dict[str, object] = {"__doc__": view.__doc__}
    for name, kind in get_type_hints(view).items():
        changed = Signal()
        namespace[f"{name}_changed"] = changed
        namespace[name] = Property(kind, _reader(name, kind), None, None, "", notify=changed)  # type: ignore[arg-type]
    return types.new_class(
        f"Shown{view.__name__}", (Shown,), exec_body=lambda body: body.update(namespace)
    )


class Rows(QAbstractListModel, Generic[W]):
    """A tuple of views as a list model; rows keep their place, changed fields are announced."""

    def __init__(self, view: type[W], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names = tuple(get_type_hints(view))
        self._rows: tuple[W, ...] = ()

    @override
    def rowCount(self, parent: Index | None = None) -> int:
        """Number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Value | None:
        """One field of one row."""
        field = role - Qt.ItemDataRole.UserRole
        if not index.isValid() or not 0 <= field < len(self._names):
            return None
        values: dict[str, Value] = msgspec.structs.asdict(self._rows[index.row()])
        return values[self._names[field]]

    @override
    def roleNames(self) -> dict[int, QByteArray]:
        """The fields."""
        first = int(Qt.ItemDataRole.UserRole)
        return {first + at: QByteArray(name.encode()) for at, name in enumerate(self._names)}

    def show(self, rows: Sequence[W]) -> None:
        """Take over the rows."""
        before, after = self._rows, tuple(rows)
        if before == after:
            return
        if len(after) > len(before):
            self.beginInsertRows(QModelIndex(), len(before), len(after) - 1)
            self._rows = after
            self.endInsertRows()
        elif len(after) < len(before):
            self.beginRemoveRows(QModelIndex(), len(after), len(before) - 1)
            self._rows = after
            self.endRemoveRows()
        self._rows = after
        for at, (old, new) in enumerate(zip(before, after, strict=False)):
            if old != new:
                place = self.index(at)
                self.dataChanged.emit(place, place)
