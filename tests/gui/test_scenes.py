"""Every page in every scene: nothing cut, nothing outside, everything tappable with a thumb."""

from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQuick import QQuickItem

from appliance.clock import VirtualClock
from appliance.errors import ERRORS, Row
from appliance.gui.modes import EVERYDAY, MORE
from appliance.gui.scene_errors import METER_SILENT, NOW
from appliance.gui.scene_modes import MODES
from appliance.gui.scenes import BY_NAME, SCENES, Scene, status
from appliance.gui.screen import Screen, pages
from appliance.gui.screens import render_screens
from appliance.model import ActiveError, Heard, State, Wish
from appliance.site import Language
from appliance.texts import state_title, title
from tests.gui.conftest import Stage
from tests.gui.fake_core import FakeCore
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


def raised(row: Row, longest_source: str) -> ActiveError:
    return ActiveError(
        number=row.number, source=longest_source, severity=row.severity,
        title=row.title, remedy=row.remedy, effects=row.effects, since_at=NOW,
        latched=row.latched, derate_pct=row.derate_pct,
    )  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", get_args(Language))
def test_every_error_fits(app: QGuiApplication, language: Language, page: str) -> None:
    core = FakeCore()
    screen = Screen(core, VirtualClock(NOW), language=language)
    screen.window.setProperty("page", PAGES.index(page))
    wrong = []
    for row in ERRORS:
        core.waiting = status(errors=(raised(row, "buttons and e-stop"),))
        screen.tick()
        app.processEvents()
        screen.picture()
        wrong += [f"{row.number} {found}" for text in texts(screen) if (found := problem(text))]
        assert any(title(row, language) in word for word in words(screen)), row.number
    assert wrong == []
    screen.close()
    app.processEvents()
    assert screen.warnings == []


@pytest.mark.parametrize("language", get_args(Language))
def test_every_state_fits(app: QGuiApplication, language: Language) -> None:
    core = FakeCore()
    screen = Screen(core, VirtualClock(NOW), language=language)
    for errors in ((), (METER_SILENT,)):
        for state in State:
            core.waiting = status(state=state, errors=errors)
            screen.tick()
            app.processEvents()
            screen.picture()
            assert [found for text in texts(screen) if (found := problem(text))] == []
            assert state_title(state, language) in words(screen)
    screen.close()
    app.processEvents()
    assert screen.warnings == []


@pytest.mark.parametrize("language", get_args(Language))
def test_every_mode_fits(app: QGuiApplication, language: Language) -> None:
    core, many = FakeCore(), BY_NAME["beside"].status
    assert many is not None
    screen = Screen(core, VirtualClock(NOW), language=language)
    for name in EVERYDAY + MORE:
        for answers in ((), (*many.decision.heard, Heard(name, Wish()))):
            decision = replace(many.decision, mode=name, mode_by="cloud", heard=answers)
            core.waiting = replace(many, modes=MODES | {"backup": "Backup reserve"}, decision=decision)  # fmt: skip
            screen.tick()
            app.processEvents()
            screen.picture()
            (title,) = [text for text in texts(screen) if text.objectName() == "mode_title"]
            assert not title.property("truncated"), title.property("text")
            assert [found for text in texts(screen) if (found := problem(text))] == []
    screen.window.setProperty("sheet", "mode")
    app.processEvents()
    screen.picture()
    assert [found for text in texts(screen) if (found := problem(text))] == []
    rows = [target for target in targets(screen) if target.objectName().startswith("mode_")]
    assert len(rows) == len(EVERYDAY + MORE), "the mode in use is one of the further ones"
    screen.close()
    app.processEvents()
    assert screen.warnings == []


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
    few = [BY_NAME[name] for name in ("charging", "fault", "estop", "mode")]
    drawn = render_screens(tmp_path / "screens", few)
    assert {path.name for path in drawn} >= {"home-charging.png", "alarms-fault.png"}
    assert list((tmp_path / "screens").iterdir()) != []
    for path in drawn:
        assert QImage(str(path)).size().toTuple() == (800, 480)
