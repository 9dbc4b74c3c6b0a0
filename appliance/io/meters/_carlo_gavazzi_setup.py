"""Carlo Gavazzi: the set-up registers by layout (G1-G3 set-up tables), written from a JSON file.

    {"models": ["EM340"], "settings": {"measurement_mode": "B", "ct_ratio": 40.0}}

Sources: as in `_carlo_gavazzi_layouts.py`. Registers whose values the documents at hand do not give (stop bits, password, EM24 Ethernet's
transformer ratios) cannot be set.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field, JsonValue, ValidationError

from appliance.data_file import sentence
from appliance.io.buses import RefusedError
from appliance.io.meters._carlo_gavazzi_models import Model
from appliance.io.meters._set_up import Change, Plan, SetUpError
from appliance.io.registers import Ask
from appliance.settings import Settings

LOCKED: Final = 3
"""Of the front selector."""
RESETS: Final = ("EM3xx", "EM5xx")
"""Layouts whose counters a new measuring system resets (G4)."""


class Artifact(Settings):
    """The file: which models it is for, and how they shall be."""

    models: tuple[str, ...] = Field(min_length=1)
    settings: dict[str, JsonValue] = Field(min_length=1)
    confirm_counter_reset: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting: named choices, or a number in a range."""

    address: int
    choices: Mapping[str, int] | None = None
    low: float = 0
    high: float = 0
    scale: float = 1.0
    words: int = 1
    moves: bool = False

    def raw(self, value: JsonValue) -> int:
        """The register's number. Raises ValueError with what is allowed."""
        if self.choices is not None:
            if isinstance(value, bool) or str(value) not in self.choices:
                raise ValueError(f"allowed: {', '.join(self.choices)}")
            return self.choices[str(value)]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not self.low <= float(str(value)) <= self.high:
            raise ValueError(f"allowed: {self.low:g} to {self.high:g}")
        raw = float(str(value)) / self.scale
        if abs(raw - round(raw)) > 1e-6:
            raise ValueError(f"allowed: steps of {self.scale:g}")
        return round(raw)

    def shown(self, raw: int) -> str:
        """The register's number in the file's words."""
        if self.choices is None:
            return f"{raw * self.scale:g}"
        return next(
            (name for name, code in self.choices.items() if code == raw), f"unknown ({raw})"
        )


def _ratio(address: int, high: float) -> Parameter:
    return Parameter(address, low=1.0, high=high, scale=0.1, words=2)


_SYSTEMS: Final = {"3P+N": 0, "3P.1": 1, "2P": 2, "1P": 3, "3P": 4}
_BAUD: Final = {"9600": 1, "19200": 2, "38400": 3, "57600": 4, "115200": 5}
_MODES: Final = {"A": 0, "B": 1}
_LINE: Final = {
    "address": Parameter(0x2000, low=1, high=247, moves=True),
    "baud": Parameter(0x2001, _BAUD, moves=True),
    "parity": Parameter(0x2002, {"none": 1, "even": 2}, moves=True),
}
_EM3XX: Final = {
    "measuring_system": Parameter(0x1002, {"3P+N": 0, "3P": 1, "2P": 2, "1P": 3}),
    "measurement_mode": Parameter(0x1103, _MODES),
    "ct_ratio": _ratio(0x1003, 60_000),
    "vt_ratio": _ratio(0x1005, 6_000),
    **_LINE,
}
PARAMETERS: Final[Mapping[str, Mapping[str, Parameter]]] = {
    "EM24": {
        "measuring_system": Parameter(0x1102, _SYSTEMS),
        "application": Parameter(0x1101, {"H": 7}),
        "ct_ratio": _ratio(0x112C, 60_000),
        "vt_ratio": _ratio(0x112E, 6_000),
        "address": Parameter(0x110A, low=1, high=247, moves=True),
        "baud": Parameter(0x110B, {"4800": 0, "9600": 1}, moves=True),
    },
    "EM24-E1": {
        "measuring_system": Parameter(0x1002, _SYSTEMS),
        "application": Parameter(0xA000, {"H": 7}),
    },
    "EM1xx": {
        "measuring_system": Parameter(0x1002, {"1P": 0}),
        "measurement_mode": Parameter(0x1103, _MODES),
        **_LINE,
    },
    "EM3xx": _EM3XX,
    "EM5xx": {**_EM3XX, "measurement_mode": Parameter(0x1103, {**_MODES, "C": 2})},
}
"""By layout and by name in the file. The meter itself may take a smaller range of ratios."""
REMARKS: Final = {
    ("EM3xx", "measuring_system", "1P"): "EM3xx do not support 1P reliably",
    ("EM5xx", "measuring_system", "2P"): "EM530 and EM540 do not support 2P reliably",
}
"""From the field (G4)."""


class SetUp:
    """Sets up one meter whose kind is known."""

    def __init__(self, kind: Model) -> None:
        self._kind = kind
        self._parameters = PARAMETERS[kind.layout.name]

    def plan(self, document: object, ask: Ask) -> Plan:
        """What differs between the meter and the file. Raises SetUpError, BusError."""
        wanted = _artifact(document)
        mistakes = list(self._mistakes(wanted))
        if mistakes:
            raise SetUpError(tuple(mistakes))
        changes = tuple(self._changes(wanted, ask))
        selector = self._kind.layout.selector
        if changes and selector is not None and _locked(ask, selector):
            msg = "the front selector is locked: turn it away from the padlock and repeat"
            raise SetUpError((msg,), by_device=True)
        problems = tuple(self._problems(changes, wanted))
        if problems:
            raise SetUpError(problems)
        ordered = sorted(changes, key=lambda change: (change.moves, change.field == "address"))
        remarks = [
            REMARKS.get((self._kind.layout.name, change.field, change.after)) for change in ordered
        ]
        return Plan(tuple(ordered), tuple(remark for remark in remarks if remark))

    def refused(self, change: Change) -> str:
        """Why the meter may have refused it."""
        if change.field == "application":
            return "application H exists on the models PFB and X only"
        if change.field.endswith("_ratio"):
            return "a meter for direct connection has no ratios, and others take a smaller range"
        return "leave the meter's programming menu, unlock its keypad, and repeat"

    def _mistakes(self, wanted: Artifact) -> Iterable[str]:
        name = self._kind.name
        if not any(_names(entry, name) for entry in wanted.models):
            yield f"models = {list(wanted.models)}: this meter is an {name}"
        for field, value in wanted.settings.items():
            parameter = self._parameters.get(field)
            if parameter is None:
                known = ", ".join(self._parameters)
                yield f"settings.{field}: cannot be set on an {name}; allowed: {known}"
                continue
            try:
                parameter.raw(value)
            except ValueError as error:
                yield f"settings.{field} = {value!r}: {error}"
        if self._kind.one_way and "application" in wanted.settings:
            yield "settings.application: a PFA model counts export as import, whatever is set"

    def _changes(self, wanted: Artifact, ask: Ask) -> Iterable[Change]:
        for field, value in wanted.settings.items():
            parameter = self._parameters[field]
            try:
                held = ask("holding", parameter.address, parameter.words)
            except RefusedError as error:
                msg = f"settings.{field}: this meter does not have it ({error})"
                raise SetUpError((msg,)) from error
            raw = parameter.raw(value)
            words = self._words(raw, parameter.words)
            if words != held:
                before = parameter.shown(self._number(held))
                after = parameter.shown(raw)
                yield Change(field, before, after, parameter.address, words, parameter.moves)

    def _problems(self, changes: tuple[Change, ...], wanted: Artifact) -> Iterable[str]:
        layout = self._kind.layout
        system_changes = any(change.field == "measuring_system" for change in changes)
        if system_changes and layout.name in RESETS and not wanted.confirm_counter_reset:
            yield (
                "settings.measuring_system: changing it resets the energy counters;"
                ' if that is wanted, add "confirm_counter_reset": true'
            )

    def _words(self, raw: int, count: int) -> tuple[int, ...]:
        words = tuple(raw >> 16 * place & 0xFFFF for place in range(count))
        return words[::-1] if self._kind.high_word_first else words

    def _number(self, words: tuple[int, ...]) -> int:
        ordered = words[::-1] if self._kind.high_word_first else words
        return sum(word << 16 * place for place, word in enumerate(ordered))


def _artifact(document: object) -> Artifact:
    try:
        return Artifact.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise SetUpError(tuple(map(sentence, error.errors()))) from error


def _locked(ask: Ask, selector: int) -> bool:
    try:
        return ask("holding", selector, 1)[0] == LOCKED
    except RefusedError:
        return False


def _names(entry: str, name: str) -> bool:
    """`EM340` names "EM340/EM341", `EM24 Ethernet` names "EM24 Ethernet X"."""
    return entry == name or entry in name.split("/") or name.startswith(f"{entry} ")
