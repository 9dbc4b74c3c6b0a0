"""What a probe found, and how it fails."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.io.meters._set_up import Plan
from appliance.model import BatteryReading, InverterReading, MeterReading, SensorReading

BYTES: Final = re.compile(r"""\bb('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
"""Bytes as Python writes them."""
Reading = BatteryReading | InverterReading | MeterReading | SensorReading


class ProbeError(Exception):
    """The device does not answer as it should; the text says what to do next."""

    def __init__(self, text: str) -> None:
        super().__init__(plain(text))


class WrongInputError(Exception):
    """The command line or a file is wrong; the text lists every mistake."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


def plain(text: str) -> str:
    """Bytes in an error's text as words."""

    def words(match: re.Match[str]) -> str:
        told: bytes = ast.literal_eval(match[0])
        return repr(told.decode("utf-8", "replace"))

    return BYTES.sub(words, text)


@dataclass(frozen=True, slots=True)
class SetUpDone:
    """What `--setup` did, or would do."""

    plan: Plan
    written: bool
    elsewhere: str = ""
    """How the device is reached from now on, when that has changed."""


@dataclass(frozen=True, slots=True)
class Found:
    """One device and one reading of it; none after a set-up that moved it."""

    kind: str
    driver: str
    title: str
    model: str
    target: str
    reading: Reading | None
    took_s: float
    set_up: SetUpDone | None = None
    note: str = ""
    """What the installer should know of this reading."""
