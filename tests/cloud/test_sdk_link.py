"""The SDK behind our port: every failure has a cause, every call an end."""

import base64
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import trustme

from appliance.cloud import sdk
from appliance.cloud.deadline import DeadlineMissedError, within
from appliance.cloud.link import Access, Cause, LinkError, Message, Reply
from tests.hub.pretend import SDK_HABITS, PretendHub, address, until

pytestmark = list(SDK_HABITS)
MESSAGE = Message("m-1", {"schema": "x"}, b"[]")


def wave(_name: str, _payload: object) -> Reply:
    return Reply(200, {"ok": True, "reason": "hello"})


def wrong_key(access: Access) -> Access:
    return replace(access, key=base64.b64encode(b"x" * 32).decode())


def wrong_ca(access: Access) -> Access:
    return replace(access, ca=trustme.CA().cert_pem.bytes().decode())


def wrong_place(access: Access) -> Access:
    return replace(access, host=address())


@pytest.mark.parametrize(
    ("change", "cause", "words"),
    [
        (wrong_key, Cause.REFUSED, "UnauthorizedError"),
        (wrong_ca, Cause.OTHER, "certificate verify failed"),
        (wrong_place, Cause.NETWORK, "ConnectionRefusedError"),
    ],
)
def test_why_a_connection_fails(
    hub: PretendHub, change: Callable[[Access], Access], cause: Cause, words: str
) -> None:
    with pytest.raises(LinkError, match=words) as failed:
        sdk.connect(change(hub.access()), wave)
    assert failed.value.cause is cause


def test_a_drop_is_seen(hub: PretendHub) -> None:
    link = sdk.connect(hub.access(), wave)
    link.publish(MESSAGE)
    assert hub.control.invoke("Anything")[0] == 200
    hub.control.cut()
    until(lambda: not link.connected)
    with pytest.raises(LinkError):
        link.publish(MESSAGE)
    link.close()


def test_a_drop_ends_the_send_that_is_under_way(hub: PretendHub) -> None:
    link = sdk.connect(hub.access(), wave)
    hub.control.lose_pubacks(1)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(link.publish, MESSAGE)
        until(hub.control.telemetry)
        hub.control.cut()
        failed = sending.exception(3)
    assert isinstance(failed, LinkError)
    assert failed.cause is Cause.NETWORK
    link.close()


def test_a_call_without_an_end_is_left_behind() -> None:
    started_s = time.monotonic()
    with pytest.raises(DeadlineMissedError):
        within(0.05, lambda: time.sleep(0.5))
    assert time.monotonic() - started_s < 0.3
    assert within(1.0, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(1.0, lambda: 1 // 0)
    with pytest.raises(TimeoutError, match="its own"):
        within(1.0, raise_timeout)


def raise_timeout() -> None:
    raise TimeoutError("its own")
