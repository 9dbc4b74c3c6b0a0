"""Which topics does a hub know, and what do they mean? Source: the hub's MQTT interface.

https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub
"""

from urllib.parse import parse_qsl, unquote

METHODS = "$iothub/methods/POST/#"
TWIN_ANSWERS = "$iothub/twin/res/#"
DESIRED = "$iothub/twin/PATCH/properties/desired/#"
MOST_SUBSCRIPTIONS = 5


def filters(device_id: str) -> frozenset[str]:
    """The four topic filters a device may subscribe."""
    return frozenset(
        {f"devices/{device_id}/messages/devicebound/#", METHODS, TWIN_ANSWERS, DESIRED}
    )


def method_request(name: str, request_id: str) -> str:
    """Hub to device: run this method."""
    return f"$iothub/methods/POST/{name}/?$rid={request_id}"


def twin_answer(status: int, request_id: str, version: int | None = None) -> str:
    """Hub to device: the answer to a twin request."""
    end = "" if version is None else f"&$version={version}"
    return f"$iothub/twin/res/{status}/?$rid={request_id}{end}"


def desired_patch(version: int) -> str:
    """Hub to device: the desired document has changed."""
    return f"$iothub/twin/PATCH/properties/desired/?$version={version}"


def bag(text: str) -> dict[str, str]:
    """A property bag, decoded: RFC 3986 percent-encoding, `+` is a plus."""
    pairs = (part.partition("=") for part in text.split("&") if part)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def query(topic: str) -> dict[str, str]:
    """The part behind the question mark."""
    return dict(parse_qsl(topic.partition("?")[2]))
