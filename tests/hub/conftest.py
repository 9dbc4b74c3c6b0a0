"""A running hub, and the device's SDK as it comes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.iot.device import IoTHubDeviceClient

from appliance.cloud.link import Access
from tests.hub.pretend import PretendHub

Client = Callable[[], IoTHubDeviceClient]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[PretendHub]:
    running = PretendHub(tmp_path / "hub")
    yield running
    running.close()


def sdk_client(access: Access) -> IoTHubDeviceClient:
    return IoTHubDeviceClient.create_from_connection_string(
        f"HostName={access.host};DeviceId={access.device_id};SharedAccessKey={access.key}",
        server_verification_cert=access.ca,
        connection_retry=False,
        auto_connect=False,
    )


@pytest.fixture
def client(hub: PretendHub) -> Iterator[Client]:
    made: list[IoTHubDeviceClient] = []

    def make() -> IoTHubDeviceClient:
        made.append(sdk_client(hub.access()))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()
