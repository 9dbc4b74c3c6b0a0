"""Messages between the core and its clients (screen, cloud, ctl): status out, requests in.

ZeroMQ over Unix sockets in the run folder; bodies are the frozen words of the model as msgpack.
A slow or dead client costs the core nothing: status is published, never waited for.
"""

import hashlib
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import zmq

from appliance.clock import Clock
from appliance.mailbox import Requests
from appliance.model import Answer, Request, StartTest, Status, Want
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

LONGEST_PATH = 100
"""Unix socket paths end at 107 bytes."""
PUBLISH_S = 0.1
ANSWER_S = 1.5
"""The next cycle answers, so a request that waits longer has been lost."""
NO_ANSWER = "the core does not answer"
_encoder = msgspec.msgpack.Encoder()
_request_decoder = msgspec.msgpack.Decoder(Request)
_answer_decoder = msgspec.msgpack.Decoder(Answer)
_status_decoder = msgspec.msgpack.Decoder(Status)


def endpoint(run_folder: Path, name: str) -> str:
    """Address of one socket. Raises ValueError when the path is too long for a Unix socket."""
    path = (run_folder / f"{name}.sock").absolute()
    if len(os.fsencode(path)) > LONGEST_PATH:
        # Unix sockets may be named relative to the working directory.
        path = Path(os.path.relpath(path))
    if len(os.fsencode(path)) > LONGEST_PATH:
        msg = f"run_folder = {str(run_folder)!r} is too long for a socket; use a shorter one"
        raise ValueError(msg)
    return f"ipc://{path}"


def _no_pin(_pin: str) -> str:
    return "no installer's PIN is set here"


class _OnlyId(msgspec.Struct, frozen=True):
    """Of a request that is none."""

    id: str = ""


class BusServer:
    """The core's side: one worker thread that publishes and takes requests."""

    def __init__(
        self,
        run_folder: Path,
        clock: Clock,
        requests: Requests,
        status: Callable[[], Status | None],
        refuses_pin: Callable[[str], str] = _no_pin,
    ) -> None:
        """`refuses_pin`: why a PIN does not count, "" when it is right; it may take a while."""
        self._run_folder = run_folder
        self._clock = clock
        self._requests = requests
        self._status = status
        self._refuses_pin = refuses_pin
        self._asked_by: dict[str, tuple[bytes, float]] = {}
        """Who waits for an answer, and since when."""

    def run(self, lease: Lease) -> None:
        """Publish ten times a second and pass requests and answers until the lease ends."""
        with (
            zmq.Context() as context,
            context.socket(zmq.PUB) as out,
            context.socket(zmq.ROUTER) as desk,
        ):
            out.setsockopt(zmq.SNDHWM, 10)
            for socket, name in ((out, "status"), (desk, "requests")):
                socket.setsockopt(zmq.LINGER, 0)
                socket.bind(endpoint(self._run_folder, name))
                (self._run_folder / f"{name}.sock").chmod(0o660)  # not for everybody on the box
            next_s = self._clock.now_s()
            while not lease.ended:
                lease.beat()
                if self._clock.now_s() >= next_s:
                    next_s = max(next_s + PUBLISH_S, self._clock.now_s())
                    self._publish(out)
                wait_s = 0.005 if self._asked_by else next_s - self._clock.now_s()
                if desk.poll(max(1, int(wait_s * 1000))):
                    self._take(desk)
                self._give_answers(desk)

    def _publish(self, out: zmq.Socket[bytes]) -> None:
        status = self._status()
        if status is not None:
            out.send(_encoder.encode(status), zmq.NOBLOCK)

    def _take(self, desk: zmq.Socket[bytes]) -> None:
        sender, *_, body = desk.recv_multipart()
        try:
            request = _request_decoder.decode(body)
            # What is asked is recorded as JSON, which knows no NaN and no infinity.
            msgspec.json.decode(msgspec.json.encode(request), type=Request)
        except msgspec.MsgspecError as error:
            log.warning("a client sent a request that is none: %s", error)
            answer = Answer(id=_id_of(body), ok=False, reason=f"not a request: {error}")
            desk.send_multipart([sender, _encoder.encode(answer)])
            return
        request = self._vouched(request)
        if self._requests.put(request):
            self._asked_by[request.id] = sender, self._clock.now_s()
        else:
            answer = Answer(id=request.id, ok=False, reason="too many requests wait; try again")
            desk.send_multipart([sender, _encoder.encode(answer)])

    def _vouched(self, request: Request) -> Request:
        """With what a client cannot say of itself, and without what nobody else may see: its key and its PIN."""
        digest = hashlib.sha256(request.key.encode()).hexdigest()[:16]
        want, refused, pin = request.want, "", None
        if isinstance(want, StartTest) and want.pin is not None:
            pin, want = want.pin, msgspec.structs.replace(want, pin=None)
            refused = self._refuses_pin(pin)
        return Request(
            request.id, request.source, want, key=digest,
            authorised=pin is not None and not refused, unauthorised=refused,
        )  # fmt: skip

    def _give_answers(self, desk: zmq.Socket[bytes]) -> None:
        for answer in (*self._requests.answered(), *self._overdue()):
            waiting = self._asked_by.pop(answer.id, None)
            if waiting is not None:
                desk.send_multipart([waiting[0], _encoder.encode(answer)])

    def _overdue(self) -> list[Answer]:
        """The control loop took a request and crashed before its answer: nobody shall wait for it."""
        if not self._asked_by:
            return []
        since_s = self._clock.now_s() - ANSWER_S
        late = [number for number, (_, asked_s) in self._asked_by.items() if asked_s < since_s]
        for number in late:
            # An old wish must not come true when the control loop is back.
            self._requests.withdraw(number)
        return [Answer(number, False, "the control loop did not answer") for number in late]


def _id_of(body: bytes) -> str:
    """Whoever has asked something wrong waits for an answer, too."""
    try:
        return msgspec.msgpack.decode(body, type=_OnlyId).id
    except msgspec.MsgspecError:
        return ""


class CoreClient:
    """A client's side. Belongs to one thread. Survives restarts of the core without being told."""

    def __init__(self, run_folder: Path, source: str) -> None:
        self._source = source
        self._key = uuid.uuid4().hex
        status, requests = endpoint(run_folder, "status"), endpoint(run_folder, "requests")
        self._context = zmq.Context()
        # A client that ends without closing must not wait for messages nobody takes.
        self._context.setsockopt(zmq.BLOCKY, 0)
        self._in = self._context.socket(zmq.SUB)
        self._in.setsockopt(zmq.CONFLATE, 1)
        self._in.setsockopt(zmq.SUBSCRIBE, b"")
        self._desk = self._context.socket(zmq.DEALER)
        # A request must not wait for a core that starts later: it would act on an old wish.
        self._desk.setsockopt(zmq.IMMEDIATE, 1)
        self._desk.setsockopt(zmq.SNDTIMEO, 500)
        for socket, address in ((self._in, status), (self._desk, requests)):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
            socket.connect(address)

    def newest(self) -> Status | None:
        """The newest status that arrived since the last call, without waiting."""
        return self.status(0.0)

    def status(self, timeout_s: float) -> Status | None:
        """The next status; None when none came in time."""
        if not self._in.poll(int(timeout_s * 1000)):
            return None
        return _status_decoder.decode(self._in.recv())

    def send(self, want: Want) -> str:
        """Ask without waiting; returns the id that the answer will carry."""
        request = self._request(want)
        try:
            self._desk.send(_encoder.encode(request), zmq.NOBLOCK)
        except zmq.Again:
            log.warning("request not sent: %s", NO_ANSWER)
        return request.id

    def answers(self) -> list[Answer]:
        """Answers that arrived since the last call, without waiting."""
        arrived = []
        while self._desk.poll(0):
            arrived.append(_answer_decoder.decode(self._desk.recv()))
        return arrived

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        """Ask and wait. Without an answer in time: not ok, with the reason."""
        request = self._request(want)
        try:
            self._desk.send(_encoder.encode(request))
        except zmq.Again:
            return Answer(id=request.id, ok=False, reason=NO_ANSWER)
        while self._desk.poll(int(timeout_s * 1000)):
            answer = _answer_decoder.decode(self._desk.recv())
            if answer.id == request.id:
                return answer
        return Answer(id=request.id, ok=False, reason=NO_ANSWER)

    def _request(self, want: Want) -> Request:
        return Request(id=uuid.uuid4().hex, source=self._source, want=want, key=self._key)

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)
