"""What may the cloud ask for? COMMANDS: one row per direct method. Every call gets an answer.

200 done · 400 payload wrong · 403 the core refuses · 404 no such method · 409 same command is under way
· 410 expired · 500 our own mistake · 504 the core does not answer.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Protocol

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from appliance.bus import NO_ANSWER
from appliance.clock import Clock
from appliance.cloud.journal import Journal
from appliance.cloud.link import Reply
from appliance.model import (
    Answer,
    BeatControl,
    CapPower,
    ClearSchedule,
    GoToMode,
    GoToState,
    PutSchedule,
    ScheduleEntry,
    SetExternal,
    State,
    Want,
)
from appliance.settings import Settings, Watts

log = logging.getLogger(__name__)

CLOUD: Final = "cloud"
"""Whose schedule it is; the local one the cloud never touches."""


class Payload(Settings):
    """What every command may carry. Without `commandId` a repetition is a second command."""

    model_config = ConfigDict(alias_generator=to_camel)

    command_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,128}$")] | None = None
    issued_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


class CapPayload(Payload):
    """Magnitudes; both must be said, null takes a cap away."""

    max_charge_w: Watts | None
    max_discharge_w: Watts | None


class ExternalPayload(Payload):
    """Battery power, discharge +; null: nothing is asked of that quantity."""

    power_w: float | None
    duration_s: float
    reactive_var: float | None = None


class EntryPayload(Settings):
    """Like ScheduleEntry."""

    model_config = ConfigDict(alias_generator=to_camel)

    start_at: AwareDatetime
    end_at: AwareDatetime
    power_w: float | None = None
    reactive_var: float | None = None


class SchedulePayload(Payload):
    """The whole of it; it replaces the one before. The core says what is wrong with it."""

    entries: Annotated[tuple[EntryPayload, ...], Field(max_length=1_000)]


def _cap(payload: Payload) -> Want:
    assert isinstance(payload, CapPayload)
    return CapPower(payload.max_charge_w, payload.max_discharge_w)


def _external(payload: Payload) -> Want:
    assert isinstance(payload, ExternalPayload)
    return SetExternal(payload.power_w, payload.duration_s, payload.reactive_var)


def _schedule(payload: Payload) -> Want:
    assert isinstance(payload, SchedulePayload)
    entries = tuple(
        ScheduleEntry(one.start_at, one.end_at, one.power_w, one.reactive_var)
        for one in payload.entries
    )
    return PutSchedule(CLOUD, entries)


@dataclass(frozen=True, slots=True)
class Command:
    """One row: the method's name, what its payload holds, and what the core is asked."""

    name: str
    payload: type[Payload]
    want: Callable[[Payload], Want]


# fmt: off
COMMANDS: Final = (
    #       method                        payload           asks the core for
    Command("GoToMode_SelfConsumption",   Payload,          lambda _: GoToMode("self_consumption")),
    Command("GoToMode_LoadMatching",      Payload,          lambda _: GoToMode("load_matching")),
    Command("GoToMode_ExternalControl",   Payload,          lambda _: GoToMode("external_control")),
    Command("GoToMode_CostSaving",        Payload,          lambda _: GoToMode("cost_saving")),
    Command("GoToMode_ChargeOnly",        Payload,          lambda _: GoToMode("charge_only")),
    Command("GoToMode_GridForming",       Payload,          lambda _: GoToMode("backup")),
    Command("GoToMode_PeakShaving",       Payload,          lambda _: GoToMode("peak_shaving")),
    Command("GoToMode_LocalControl",      Payload,          lambda _: GoToMode("local_control")),
    Command("GoToMode_Passive",           Payload,          lambda _: GoToMode("passive")),
    Command("GoToState_Running",          Payload,          lambda _: GoToState(State.RUN)),
    Command("GoToState_Idling",           Payload,          lambda _: GoToState(State.IDLE)),
    Command("Restart_Device",             Payload,          lambda _: GoToState(State.REBOOT)),
    Command("Cap_Power",                  CapPayload,       _cap),
    Command("Set_External",               ExternalPayload,  _external),
    Command("Beat_Control",               Payload,          lambda _: BeatControl()),
    Command("Put_Schedule",               SchedulePayload,  _schedule),
    Command("Clear_Schedule",             Payload,          lambda _: ClearSchedule(CLOUD)),
)
# fmt: on
ROWS: Final = {row.name: row for row in COMMANDS}


class Core(Protocol):
    """A client of the core."""

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        """Ask and wait."""

    def close(self) -> None:
        """Close the sockets."""


class CommandDesk:
    """Answers methods from the cloud; any thread may call it."""

    def __init__(self, core: Callable[[], Core], journal: Journal, clock: Clock) -> None:
        self._core = core
        self._journal = journal
        self._clock = clock

    def answer(self, name: str, payload: object) -> Reply:
        """The answer to one call. Never raises: without an answer the caller waits in vain."""
        try:
            reply = self._answer(name, payload)
        except Exception:  # every call must be answered
            log.exception("command %s failed", name)
            reply = _reply(500, "the box made a mistake; its log says more")
        log.info("cloud asks %s: %d %s", name, reply.status, reply.body["reason"])
        return reply

    def _answer(self, name: str, payload: object) -> Reply:
        row = ROWS.get(name)
        if row is None:
            return _reply(404, f"method {name!r} is not known; there is: {', '.join(ROWS)}")
        try:
            given = row.payload.model_validate_json(json.dumps({} if payload is None else payload))
        except ValidationError as error:
            return _reply(400, _mistakes(row.payload, error))
        if given.expires_at is not None and given.expires_at <= self._clock.utc():
            return _reply(410, f"expiresAt = {given.expires_at.isoformat()} has passed")
        return self._once(row, given)

    def _once(self, row: Command, given: Payload) -> Reply:
        """Do it, unless the same command was done before."""
        if given.command_id is None:
            return self._ask(row.want(given))
        if not self._journal.begin(given.command_id, row.name, self._clock.utc()):
            return self._journal.earlier(given.command_id) or _reply(
                409, "this command was begun before and its outcome is not known"
            )
        reply = _reply(500, "")
        try:
            reply = self._ask(row.want(given))
        finally:
            if reply.status >= 500:
                self._journal.forget(given.command_id)
            else:
                self._journal.finish(given.command_id, reply)
        return reply

    def _ask(self, want: Want) -> Reply:
        # A client belongs to one thread, and the SDK calls from several.
        core = self._core()
        try:
            answer = core.ask(want)
        finally:
            core.close()
        if answer.ok:
            return _reply(200, answer.reason)
        return _reply(504 if answer.reason == NO_ANSWER else 403, answer.reason)


def _reply(status: int, reason: str) -> Reply:
    return Reply(status, {"ok": status == 200, "reason": reason})


def _mistakes(payload: type[Payload], error: ValidationError) -> str:
    known = ", ".join(str(field.alias) for field in payload.model_fields.values())
    mistakes = []
    for found in error.errors(include_url=False, include_context=False):
        path = ".".join(str(part) for part in found["loc"]) or "payload"
        allowed = f"known: {known}" if found["type"] == "extra_forbidden" else found["msg"]
        mistakes.append(f"{path} = {str(found['input'])[:60]!r}: {allowed}")
    return "; ".join(mistakes)
