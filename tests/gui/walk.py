"""Finds things on a screen the way a person would: what is visible, where, and what it says."""

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from appliance.gui.screen import Screen


def items(screen: Screen) -> Iterator[QQuickItem]:
    """Every visible item."""
    waiting = [screen.window.contentItem()]
    while waiting:
        item = waiting.pop()
        if item.isVisible():
            yield item
            waiting.extend(item.childItems())


def is_a(item: QQuickItem, kind: str) -> bool:
    """Is it a QtQuick Text, MouseArea, Flickable, …, or made of one?"""
    return item.inherits(f"QQuick{kind}")  # type: ignore[arg-type]


def texts(screen: Screen) -> list[QQuickItem]:
    """Every visible text that says something."""
    return [item for item in items(screen) if is_a(item, "Text") and item.property("text")]


def words(screen: Screen) -> list[str]:
    """What is written on the screen."""
    return [str(item.property("text")) for item in texts(screen)]


def targets(screen: Screen) -> list[QQuickItem]:
    """Everything that can be tapped; sheets' backgrounds are none."""
    return [
        item for item in items(screen) if is_a(item, "MouseArea") and item.objectName() != "scrim"
    ]


def ancestors(item: QQuickItem) -> Iterator[QQuickItem]:
    parent = item.parentItem()
    while parent is not None:
        yield parent
        parent = parent.parentItem()


def scrolls(item: QQuickItem) -> bool:
    return any(is_a(above, "Flickable") for above in ancestors(item))


def place(item: QQuickItem) -> QRectF:
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def find(screen: Screen, name: str) -> QQuickItem:
    """The one visible item of that object name."""
    found = [item for item in items(screen) if item.objectName() == name]
    assert len(found) == 1, f"{len(found)} visible items are called {name}"
    return found[0]


def middle(item: QQuickItem) -> QPoint:
    at: QPointF = place(item).center()
    return at.toPoint()


def tap(screen: Screen, name: str) -> None:
    """Tap where that item is; whatever lies on top gets the tap."""
    QTest.mouseClick(
        screen.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        middle(find(screen, name)),
    )  # fmt: skip
    QGuiApplication.processEvents()
    # Lists lay out what they show only for a picture.
    screen.picture()


def hold(screen: Screen, name: str, ms: int) -> None:
    """Press there for so long."""
    at, left, none = middle(find(screen, name)), Qt.MouseButton.LeftButton, Qt.KeyboardModifier
    QTest.mousePress(screen.window, left, none.NoModifier, at)
    QTest.qWait(ms)
    QTest.mouseRelease(screen.window, left, none.NoModifier, at)
    QGuiApplication.processEvents()
