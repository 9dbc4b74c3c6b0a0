"""Does the unmodified SDK find in the simulated hub what it finds in a real one?"""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from azure.iot.device import IoTHubDeviceClient, MethodRequest, MethodResponse
from azure.iot.device import Message as SdkMessage
from azure.iot.device.exceptions import ConnectionFailedError, CredentialError

from simulator.hub.client import HubError
from tests.hub.conftest import Client, sdk_client
from tests.hub.pretend import SDK_HABITS, PretendHub, until

pytestmark = list(SDK_HABITS)


def message(body: bytes, message_id: str) -> SdkMessage:
    return SdkMessage(  # type: ignore[no-untyped-call]
        body, message_id=message_id, content_encoding="utf-8", content_type="application/json"
    )


def echo(client: IoTHubDeviceClient) -> None:
    def answer(request: MethodRequest) -> None:
        client.send_method_response(
            MethodResponse.create_from_method_request(
                request, 207, {"name": request.name, "payload": request.payload}
            )
        )

    client.on_method_request_received = answer


def test_telemetry_arrives_with_its_properties(hub: PretendHub, client: Client) -> None:
    device = client()
    device.connect()
    sent = message(b'{"a": 1}', "m-1")
    sent.custom_properties["a b"] = "æ/&=+"
    device.send_message(sent)
    [arrived] = hub.control.telemetry()
    assert arrived["message_id"] == "m-1"
    assert arrived["properties"] == {"a b": "æ/&=+"}
    assert arrived["body"] == {"a": 1}
    assert arrived["system"] == {
        "$.mid": "m-1",
        "$.ct": "application/json",
        "$.ce": "utf-8",
    }
    [line] = (hub.folder / "telemetry.jsonl").read_text().splitlines()
    assert json.loads(line) == arrived
    assert hub.control.telemetry(since=1) == []


def test_a_method_goes_there_and_back(hub: PretendHub, client: Client) -> None:
    device = client()
    device.connect()
    with pytest.raises(HubError, match="404103"):
        hub.control.invoke("Anything")
    echo(device)
    assert hub.control.invoke("Anything", {"x": [1, None]}) == (
        207,
        {"name": "Anything", "payload": {"x": [1, None]}},
    )
    assert hub.control.invoke("Anything")[1] == {"name": "Anything", "payload": None}


def test_a_method_without_an_answer_ends_in_time(hub: PretendHub, client: Client) -> None:
    device = client()
    device.connect()
    device.on_method_request_received = lambda _request: None
    with pytest.raises(HubError, match="504101"):
        hub.control.invoke("Anything", timeout_s=0.2)


def test_both_halves_of_the_twin(hub: PretendHub, client: Client) -> None:
    device = client()
    device.connect()
    patches: list[object] = []
    device.on_twin_desired_properties_patch_received = patches.append
    device.patch_twin_reported_properties({"mode": {"name": "passive", "by": "cloud"}})
    device.patch_twin_reported_properties({"mode": {"by": None}})
    version = hub.control.desire({"limit_w": 3000})
    until(lambda: patches)
    assert patches == [{"limit_w": 3000, "$version": version}]
    assert device.get_twin() == hub.control.twin()
    assert hub.control.twin() == {
        "desired": {"limit_w": 3000, "$version": 2},
        "reported": {"mode": {"name": "passive"}, "$version": 3},
    }


@pytest.mark.parametrize("wrong", ["key", "device"])
def test_wrong_credentials_are_refused(hub: PretendHub, wrong: str) -> None:
    access = hub.access()
    other_key = base64.b64encode(b"x" * 32).decode()
    changed = (
        replace(access, key=other_key) if wrong == "key" else replace(access, device_id="box-0")
    )
    device = sdk_client(changed)
    with pytest.raises(CredentialError):
        device.connect()
    device.shutdown()


def test_an_expired_signature_is_refused(hub: PretendHub, client: Client) -> None:
    hub.control.order("hub_clock", ahead_s=4_000)
    with pytest.raises(CredentialError):
        client().connect()


def test_the_connection_ends_when_the_signature_does(hub: PretendHub, client: Client) -> None:
    hub.control.order("hub_clock", ahead_s=3_598.5)
    device = client()
    device.connect()
    until(lambda: not device.connected, 4.0)


def test_the_newer_connection_wins(hub: PretendHub, client: Client) -> None:
    older, newer = client(), client()
    older.connect()
    newer.connect()
    until(lambda: not older.connected)
    assert newer.connected
    assert hub.control.online()


def test_cut_and_mended(hub: PretendHub, client: Client) -> None:
    device = client()
    device.connect()
    hub.control.cut()
    until(lambda: not device.connected)
    with pytest.raises(ConnectionFailedError):
        client().connect()
    hub.control.mend()
    client().connect()
    assert hub.control.online()


def test_a_lost_puback_means_a_second_delivery(hub: PretendHub, client: Client) -> None:
    hub.control.lose_pubacks(1)
    device = client()
    device.connect()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(device.send_message, message(b"x", "m-1"))
        until(lambda: len(hub.control.telemetry()) == 1)
        time.sleep(0.05)
        assert not sending.done()
        hub.control.cut()
        sending.exception(5)
    hub.control.mend()
    fresh = client()
    fresh.connect()
    fresh.send_message(message(b"x", "m-1"))
    assert [one["message_id"] for one in hub.control.telemetry()] == ["m-1", "m-1"]
