"""Every page in every scene as a PNG, for people to look at and for tests to compare."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from appliance.clock import VirtualClock
from appliance.gui.scene_errors import NOW
from appliance.gui.scenes import SCENES, Scene
from appliance.gui.screen import Screen, pages, prepare
from appliance.model import Answer, Status, Want


class StillClient:
    """A core that says one thing once, and gives one answer."""

    def __init__(self, scene: Scene) -> None:
        self._status = scene.status
        self._answer = scene.answer
        self.asked: list[Want] = []

    def newest(self) -> Status | None:
        """The scene's status, the first time."""
        status, self._status = self._status, None
        return status

    def send(self, want: Want) -> str:
        """Remembered."""
        self.asked.append(want)
        return str(len(self.asked))

    def answers(self) -> list[Answer]:
        """The scene's answer, once something was asked."""
        if self._answer is None or not self.asked:
            return []
        answer, self._answer = self._answer, None
        return [answer]

    def close(self) -> None:
        """Nothing to close."""


def stage(scene: Scene, page: str) -> Screen:
    """A screen that shows a scene on a page (its name without the number)."""
    clock = VirtualClock(NOW)
    screen = Screen(StillClient(scene), clock, language=scene.language)
    screen.window.setProperty("page", [name.split("_")[1] for name in pages()].index(page))
    screen.asks.after_stop = scene.after_stop
    if scene.tapped is not None:
        screen.ui.wanted.emit(scene.tapped)
    clock.advance(scene.age_s)
    screen.tick()
    screen.window.setProperty("sheet", scene.sheet)
    QGuiApplication.processEvents()
    return screen


def render_screens(folder: Path, scenes: Iterable[Scene] = SCENES) -> list[Path]:
    """Draw all into `folder`: `home-charging.png`, … Sheets and full-screen notices only over home."""
    prepare(offscreen=True)
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for page in (name.split("_")[1] for name in pages()):
        for scene in scenes:
            if page != "home" and (scene.sheet or scene.name.startswith("estop")):
                continue
            screen = stage(scene, page)
            path = folder / f"{page}-{scene.name}.png"
            screen.save(path)
            screen.close()
            drawn.append(path)
    return drawn
