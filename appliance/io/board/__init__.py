"""The front of the box: emergency stop, buttons, lights. One file per kind of board."""

from appliance.io.board._driver import BoardDriver, driver, load, options
from appliance.io.board._workers import board_workers

__all__ = ["BoardDriver", "board_workers", "driver", "load", "options"]
