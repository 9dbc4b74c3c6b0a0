"""Every page in every scene: nothing cut, nothing outside, everything tappable with a thumb."""

from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQuick import QQuickItem

from appliance.errors import ERRORS
from appliance.gui.scenes import BY_NAME, NOW, SCENES, Scene, status
from appliance.gui.screen import pages
from appliance.gui.screens import render_screens
from appliance.model import ActiveError
from tests.gui.conftest import Stage
from tests.gui.walk import ancestors, find, place, scrolls, targets, texts, words

PAGES = [name.split("_")[1] for name in pages()]
SMALLEST_PX = 56
WINDOW = QRectF(0, 0, 800, 480)


def problem(text: QQuickItem) -> str:
    """What is wrong with a text; "" when all of it can be read."""
    said = str(text.property("text"))
    if text.property("truncated") and not text.property("mayBeCut"):
        return f"cut: {said}"
    written = place(text)
    width, height = text.property("contentWidth"), text.property("contentHeight")
    if width > written.width() + 1 or height > written.height() + 1:
        return f"larger than its place: {said}"
    if scrolls(text):
        return ""
    if not WINDOW.contains(written):
        return f"outside the window: {said}"
    for above in ancestors(text):
        if above.property("radius") is not None and above.width() > 20:
            box = place(above).adjusted(-1, -1, 1, 1)
            return "" if box.contains(written) else f"outside its card: {said}"
    return ""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_everything_can_be_read_and_tapped(staged: Stage, scene: Scene, page: str) -> None:
    screen = staged(scene, page)
    assert [found for text in texts(screen) if (found := problem(text))] == []
    assert words(screen)
    small = [
        f"{target.property('name')}: {target.width():.0f} x {target.height():.0f}"
        for target in targets(screen)
        if min(target.width(), target.height()) < SMALLEST_PX
    ]
    assert small == []


@pytest.mark.parametrize("row", ERRORS, ids=lambda row: str(row.number))
def test_every_error_fits(staged: Stage, row: object) -> None:
    known = next(known for known in ERRORS if known is row)
    error = ActiveError(
        number=known.number, source="battery and inverter", severity=known.severity,
        title=known.title, remedy=known.remedy, effects=known.effects, since_at=NOW,
        latched=known.latched,
    )  # fmt: skip
    for page in PAGES:
        screen = staged(Scene(name="one error", status=status(errors=(error,))), page)
        assert [found for text in texts(screen) if (found := problem(text))] == []
        assert any(known.title in word for word in words(screen))


def covers(top: QQuickItem) -> bool:
    """Does it fill the window, and is nothing drawn over it?"""
    parent = top.parentItem()
    assert parent is not None
    later = parent.childItems()[parent.childItems().index(top) + 1 :]
    return place(top) == WINDOW and top.opacity() == 1 and not any(s.isVisible() for s in later)


@pytest.mark.parametrize("page", PAGES)
def test_the_emergency_stop_covers_all(staged: Stage, page: str) -> None:
    for name in ("estop", "estop_released", "estop_board_silent", "estop_lost"):
        assert covers(find(staged(BY_NAME[name], page), "estop_notice"))


@pytest.mark.parametrize("page", PAGES)
def test_silence_covers_all(staged: Stage, page: str) -> None:
    for name in ("lost", "never"):
        screen = staged(BY_NAME[name], page)
        assert covers(find(screen, "lost_notice"))
        assert "No data from the controller" in words(screen)


def test_the_same_scene_is_the_same_picture(staged: Stage) -> None:
    one, other, different = (staged(BY_NAME[name]) for name in ("export", "export", "import"))
    assert one.picture() == other.picture()
    assert one.picture() != different.picture()


def test_render_screens(app: QGuiApplication, tmp_path: Path) -> None:
    drawn = render_screens(tmp_path / "screens")
    assert {path.name for path in drawn} >= {"home-charging.png", "alarms-fault.png"}
    assert list((tmp_path / "screens").iterdir()) != []
    for path in drawn:
        assert QImage(str(path)).size().toTuple() == (800, 480)
