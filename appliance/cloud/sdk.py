"""The link over azure-iot-device 2.14: a fresh client object for each connection, each call with a deadline.

Why so: the SDK's own reconnect gives up for good after one refusal, storms without a pause, and its
calls may block for ever (docs/decisions/0009-cloud-link.md).
"""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from azure.iot.device import IoTHubDeviceClient, MethodRequest, MethodResponse
from azure.iot.device import Message as SdkMessage
from azure.iot.device.exceptions import (
    ClientError,
    ConnectionDroppedError,
    ConnectionFailedError,
    CredentialError,
    OperationCancelled,
)

from appliance.cloud.deadline import DeadlineMissedError, within
from appliance.cloud.link import Access, Cause, LinkError, Message, OnMethod, StuckError

log = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 30
CONNECT_S: Final = 15.0
SUBSCRIBE_S: Final = 15.0
SEND_S: Final = 20.0
CLOSE_S: Final = 5.0
T = TypeVar("T")


def connect(access: Access, on_method: OnMethod) -> "SdkLink":
    """A connection that listens for methods. Raises LinkError, StuckError."""
    client = IoTHubDeviceClient.create_from_connection_string(
        f"HostName={access.host};DeviceId={access.device_id};SharedAccessKey={access.key}",
        server_verification_cert=access.ca,
        connection_retry=False,
        auto_connect=False,
        keep_alive=KEEP_ALIVE_S,
    )
    link = SdkLink(client)
    try:
        link.open(on_method)
    except LinkError:
        link.close()
        raise
    return link


class SdkLink:
    """One client object, for one connection."""

    def __init__(self, client: IoTHubDeviceClient) -> None:
        self._client = client

    def open(self, on_method: OnMethod) -> None:
        """Connect and listen. Raises LinkError."""
        client = self._client
        client.on_background_exception = _note
        _bounded(CONNECT_S, client.connect)

        def answer(request: MethodRequest) -> None:
            reply = on_method(request.name, request.payload)
            self._respond(
                MethodResponse.create_from_method_request(request, reply.status, {**reply.body})
            )

        def listen() -> None:
            client.on_method_request_received = answer

        _bounded(SUBSCRIBE_S, listen)

    def _respond(self, response: MethodResponse) -> None:
        try:
            _bounded(SEND_S, lambda: self._client.send_method_response(response))
        except LinkError as error:
            log.warning("the answer to a command did not reach the hub: %s", error)

    @property
    def connected(self) -> bool:
        """False once the connection has dropped."""
        return bool(self._client.connected)

    def publish(self, message: Message) -> None:
        """Returns at the hub's PUBACK. Raises LinkError."""
        sending = SdkMessage(  # type: ignore[no-untyped-call]
            message.body,
            message_id=message.message_id,
            content_encoding="utf-8",
            content_type="application/json",
        )
        sending.custom_properties.update(message.properties)
        _bounded(SEND_S, lambda: self._client.send_message(sending))

    def close(self) -> None:
        """End the connection and the SDK's threads. Raises StuckError."""
        try:
            within(CLOSE_S, self._client.shutdown)
        except DeadlineMissedError as error:
            msg = f"the SDK does not shut down: {error}"
            raise StuckError(msg) from error
        except ClientError as error:
            log.info("closing the link: %s", error)


def _note(error: Exception) -> None:
    log.info("hub connection: %s", _text(error))


def _bounded(seconds: float, call: Callable[[], T]) -> T:
    try:
        return within(seconds, call)
    except DeadlineMissedError as error:
        raise LinkError(Cause.DEADLINE, str(error)) from error
    except (ClientError, OperationCancelled) as error:
        raise LinkError(_cause(error), _text(error)) from error


def _cause(error: Exception) -> Cause:
    if isinstance(error, CredentialError):
        return Cause.REFUSED
    if isinstance(error, ConnectionFailedError | ConnectionDroppedError | OperationCancelled):
        return Cause.NETWORK
    return Cause.OTHER


def _text(error: BaseException) -> str:
    """The innermost cause, which says the most."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {error}"
