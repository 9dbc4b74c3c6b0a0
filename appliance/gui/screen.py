"""One window on one core: takes what the client brings, shows it, sends what is tapped."""

import logging
import os
from pathlib import Path

import msgspec
import PySide6.QtQuick  # noqa: F401 without it the root object is wrapped as a QWindow that cannot be grabbed
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QUrl
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QImage
from PySide6.QtQml import QQmlApplicationEngine, QQmlEngine, QQmlError, qmlRegisterSingletonType
from PySide6.QtQuick import QQuickWindow

from appliance.clock import Clock
from appliance.gui.asks import Asks, Client
from appliance.gui.flows import battery_power_w
from appliance.gui.texts import speak
from appliance.gui.ui import Ui, texts
from appliance.gui.view import Look, view
from appliance.model import Status, Want
from appliance.site import Language
from appliance.texts import ENGLISH

log = logging.getLogger(__name__)

QML_FOLDER = Path(__file__).parent / "qml"
FAMILY = "Inter"
AVERAGE_S = 20.0
"""Time constant of the battery power behind the time to full."""


def prepare(offscreen: bool) -> QGuiApplication:
    """The Qt application, drawn without a GPU unless the environment says otherwise."""
    if offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ.setdefault("QT_QUICK_BACKEND", "software")
    running = QGuiApplication.instance()
    app = running if isinstance(running, QGuiApplication) else QGuiApplication(["appliance"])
    _choose_font(app)
    return app


def _choose_font(app: QGuiApplication) -> None:
    font = QFont(app.font())
    if FAMILY in QFontDatabase.families():
        font.setFamily(FAMILY)
    else:
        log.warning(
            "font %s is missing (install the package fonts-inter); using %s", FAMILY, font.family()
        )
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    app.setFont(font)


def _register() -> None:
    """One `Ui` and one `Texts` for each engine, owned by it: they outlive every binding."""
    qmlRegisterSingletonType(Ui, "Appliance", 1, 0, "Ui", _new_ui)  # type: ignore[call-overload]
    qmlRegisterSingletonType(QObject, "Appliance", 1, 0, "Texts", texts)  # type: ignore[call-overload]


def _new_ui(engine: QQmlEngine) -> Ui:
    return Ui(engine)


_register()


class Screen:
    """The window. `tick` at 10 Hz; everything else follows from what the client brings."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        has_pv: bool = True,
        site: str = "",
        language: Language = ENGLISH,
    ) -> None:
        speak(language)
        self.client = client
        self._clock = clock
        self._has_pv = has_pv
        self._site = site
        self.asks = Asks(client)
        self._status: Status | None = None
        self._at_s = self._ticked_at_s = clock.now_s()
        self._battery_w: float | None = None
        self.warnings: list[str] = []
        self._engine = QQmlApplicationEngine()
        self._engine.warnings.connect(self._warn)
        ui = self._engine.singletonInstance("Appliance", "Ui")
        if not isinstance(ui, Ui):
            msg = f"the QML singleton Ui is {ui!r}"
            raise TypeError(msg)
        self.ui = ui
        self.ui.wanted.connect(self._ask)
        self.ui.put_aside.connect(self._put_aside)
        self.tick()
        self._engine.setInitialProperties({"pages": pages()})
        self._engine.load(QUrl.fromLocalFile(str(QML_FOLDER / "Main.qml")))
        windows = [root for root in self._engine.rootObjects() if isinstance(root, QQuickWindow)]
        if not windows:
            msg = f"the screen cannot be drawn: {'; '.join(self.warnings)}"
            raise RuntimeError(msg)
        self.window = windows[0]

    def _warn(self, errors: list[QQmlError]) -> None:
        for error in errors:
            self.warnings.append(error.toString())
            log.error("%s", error.toString())

    def _ask(self, want: Want) -> None:
        self.asks.send(want, self._clock.now_s())
        self.tick()

    def _put_aside(self) -> None:
        self.asks.after_stop = False
        self.tick()

    def tick(self) -> None:
        """Show the newest there is."""
        now_s = self._clock.now_s()
        fresh = self._newest()
        if fresh is not None:
            self._average(fresh, now_s)
            self._status, self._at_s = fresh, now_s
        decision = self._status.decision if self._status is not None else None
        look = Look(
            status=self._status,
            age_s=now_s - self._at_s,
            utc=self._clock.utc(),
            asked=self.asks.follow(decision, now_s),
            site=self._site,
            has_pv=self._has_pv,
            battery_w=self._battery_w,
        )
        self.ui.show(view(look))
        if fresh is not None:
            self.ui.ticked.emit(min(0.5, now_s - self._ticked_at_s))
            self._ticked_at_s = now_s

    def _newest(self) -> Status | None:
        try:
            return self.client.newest()
        except msgspec.MsgspecError as error:
            log.warning("the core speaks another version of the words: %s", error)
            return None

    def _average(self, status: Status, now_s: float) -> None:
        power_w = battery_power_w(status)
        if power_w is None or self._battery_w is None:
            self._battery_w = power_w
            return
        share = min(1.0, (now_s - self._at_s) / AVERAGE_S)
        self._battery_w += (power_w - self._battery_w) * share

    def picture(self) -> QImage:
        """What is on the screen."""
        return self.window.grabWindow()

    def save(self, path: Path) -> None:
        """Put a picture of the screen at `path`; who reads it never finds half of one."""
        half = path.with_name(f".{path.name}.half")
        if not self.picture().save(str(half), "PNG"):  # type: ignore[call-overload]
            msg = f"cannot write {half}"
            raise OSError(msg)
        half.replace(path)

    def close(self) -> None:
        """Take the window down. The engine goes first: its bindings read the rest."""
        self.window.close()
        del self.window
        self._engine.deleteLater()
        QCoreApplication.sendPostedEvents(self._engine, QEvent.Type.DeferredDelete)
        del self._engine


def pages() -> list[str]:
    """Names of the pages in the order of the rail: `pages/1_home.qml` is the page "home"."""
    return sorted(path.stem for path in (QML_FOLDER / "pages").glob("*_*.qml"))
