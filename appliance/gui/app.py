"""The screen's process: a window, or a picture of one that is kept fresh where there is no display."""

import logging
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from appliance.bus import CoreClient
from appliance.clock import Clock
from appliance.gui.asks import Client
from appliance.gui.screen import Screen, prepare
from appliance.site import SiteSettings

log = logging.getLogger(__name__)

TICK_MS = 100
PICTURE_MS = 2000


def run_gui(site: SiteSettings, clock: Clock, *, picture: Path | None = None) -> int:
    """Show the box until SIGTERM or SIGINT; 0 then. With `picture`: no display, a PNG there every 2 s."""
    client = CoreClient(Path(site.run_folder), source="touchscreen")
    try:
        return show(client, site, clock, picture)
    finally:
        client.close()


def show(client: Client, site: SiteSettings, clock: Clock, picture: Path | None) -> int:
    """The event loop around one screen."""
    app = prepare(offscreen=picture is not None)
    asked_to_end = _end_on_signals(app)
    screen = Screen(
        client, clock, has_pv="pv" in site.meters, site=site.name, language=site.language
    )

    def tick() -> None:
        if asked_to_end():
            app.quit()
        try:
            screen.tick()
        except Exception:
            # Qt prints what a slot raises and goes on: old values would look live.
            log.exception("the screen cannot show what the core says")
            app.exit(1)

    # Python runs signal handlers only between its own instructions: this timer is also what ends
    # an idle screen on SIGTERM.
    ticks = QTimer()
    ticks.timeout.connect(tick)
    ticks.start(TICK_MS)
    pictures = QTimer()
    if picture is not None:
        path = picture
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures.timeout.connect(lambda: screen.save(path))
        pictures.start(PICTURE_MS)
        screen.save(path)
        log.info("the screen is drawn to %s", path)
    try:
        return app.exec()
    finally:
        ticks.stop()
        pictures.stop()
        screen.close()


def _end_on_signals(app: QGuiApplication) -> Callable[[], bool]:
    """True once a signal came: one that came before the event loop began has ended nothing yet."""
    came: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        app.quit()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return lambda: bool(came)
