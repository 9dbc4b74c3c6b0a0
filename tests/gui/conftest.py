"""An offscreen Qt application, and screens that must not complain."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_QUICK_BACKEND"] = "software"
os.environ["QT_SCALE_FACTOR"] = "1"
os.environ["TZ"] = "UTC"
time.tzset()

from PySide6.QtGui import QGuiApplication  # noqa: E402 after the environment it reads

from appliance.gui.scenes import Scene  # noqa: E402
from appliance.gui.screen import Screen, prepare  # noqa: E402
from appliance.gui.screens import stage  # noqa: E402

Stage = Callable[..., Screen]


@pytest.fixture(scope="session")
def app() -> QGuiApplication:
    return prepare(offscreen=True)


@pytest.fixture
def staged(app: QGuiApplication) -> Iterator[Stage]:
    """Puts scenes on screens; at the end of the test none may have warned."""
    screens: list[Screen] = []

    def put(scene: Scene, page: str = "home") -> Screen:
        screens.append(stage(scene, page))
        return screens[-1]

    yield put
    for screen in screens:
        screen.close()
        app.processEvents()
        assert screen.warnings == []
