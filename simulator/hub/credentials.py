"""May this client speak for this device? The shared access signature, made and checked.

token = SharedAccessSignature sr={url-encoded host/devices/id}&sig={url-encoded signature}&se={epoch s};
signature = base64(HMAC-SHA256(device key, sr + newline + se)).
https://learn.microsoft.com/azure/iot-hub/authenticate-authorize-sas
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from simulator.hub.packets import Connect
from simulator.hub.topics import bag


class RefusedError(Exception):
    """Not authorised; the text says why (for the hub's log: the device only learns code 5)."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A valid signature."""

    device_id: str
    expires_at: datetime


def derive_key(group_key: str, device_id: str) -> str:
    """Device key of one device of an enrolment group: base64(HMAC-SHA256(group key, device id))."""
    digest = hmac.new(base64.b64decode(group_key), device_id.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def check(connect: Connect, host: str, keys: dict[str, str], now: datetime) -> Pass:
    """The pass in a CONNECT. Raises RefusedError; `keys` are device keys by device id."""
    user_host, _, rest = connect.username.partition("/")
    device_id = rest.partition("/")[0]
    if user_host != host:
        msg = f"user name is for {user_host!r}; this is {host!r}"
        raise RefusedError(msg)
    if device_id != connect.client_id:
        msg = f"client id {connect.client_id!r} is not the device {device_id!r}"
        raise RefusedError(msg)
    if device_id not in keys:
        msg = f"device {device_id!r} is not registered"
        raise RefusedError(msg)
    return Pass(device_id, _expiry(connect.password, f"{host}/devices/{device_id}", keys, now))


def _expiry(password: str, resource: str, keys: dict[str, str], now: datetime) -> datetime:
    scheme, _, text = password.partition(" ")
    raw = dict(part.split("=", 1) for part in text.split("&") if "=" in part)
    fields = bag(text)
    if scheme != "SharedAccessSignature" or not {"sr", "sig", "se"} <= raw.keys():
        msg = "password is no shared access signature"
        raise RefusedError(msg)
    if unquote(raw["sr"]) != resource:
        msg = f"signature is for {fields['sr']!r}, not {resource!r}"
        raise RefusedError(msg)
    key = base64.b64decode(keys[resource.rpartition("/")[2]])
    signed = f"{raw['sr']}\n{raw['se']}".encode()
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(expected, fields["sig"]):
        msg = "signature is wrong"
        raise RefusedError(msg)
    if not fields["se"].isdecimal() or int(fields["se"]) <= now.timestamp():
        msg = f"signature expired at {fields['se']}, it is {now.timestamp():.0f}"
        raise RefusedError(msg)
    return datetime.fromtimestamp(int(fields["se"]), UTC)
