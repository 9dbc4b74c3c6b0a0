"""The front of the box: emergency stop, buttons, lights."""

from appliance.io.board._workers import board_workers

__all__ = ["board_workers"]
