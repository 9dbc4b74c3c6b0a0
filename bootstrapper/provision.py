"""What did the factory write, and is it right? All mistakes at once, no secret in any message."""

import base64
import ipaddress
import json
import re
import ssl
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from bootstrapper.box import Box, WrongInputError

HOST_NAME = re.compile(
    r"^(?=.{1,253}$)([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9-]{1,63})*$"
)
LARGEST = 64 * 1024
"""Bytes of provision.json."""


def _host(text: str) -> str:
    """A host name or an IP address, nothing else."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not HOST_NAME.match(text):
            raise ValueError from None
    return text


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    _host(host.strip("[]"))
    if not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise ValueError
    return text


def _key(secret: SecretStr) -> SecretStr:
    if len(base64.b64decode(secret.get_secret_value(), validate=True)) < 16:
        raise ValueError
    return secret


def _certificates(text: str) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except ssl.SSLError as error:
        raise ValueError from error
    return text


ALLOWED: Final[dict[str, str]] = {
    "schema_version": "1",
    "serial_number": "8 to 32 hexadecimal digits, lower case",
    "device_id": "1 to 128 of A-Z a-z 0-9 - . _ :",
    "hub_host": "a host name or an IP address, without port",
    "device_key": "base64 of at least 16 bytes",
    "ca_pem": "one or more certificates as PEM text",
    "ntp_server": "host:port, port 1 to 65535",
}
HIDDEN: Final = frozenset({"device_key"})


class Provision(BaseModel):
    """One provision.json."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Annotated[int, Field(ge=1, le=1)]
    serial_number: Annotated[str, Field(pattern=r"^[0-9a-f]{8,32}$")]
    device_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
    hub_host: Annotated[str, AfterValidator(_host)]
    device_key: Annotated[SecretStr, AfterValidator(_key)]
    ca_pem: Annotated[str, AfterValidator(_certificates)]
    ntp_server: Annotated[str, AfterValidator(_host_and_port)]


def read(box: Box) -> Provision:
    """The checked provision.json. Raises OSError when there is none, WrongInputError with all mistakes."""
    content = box.provision.read_bytes()
    if len(content) > LARGEST:
        msg = f"{box.provision}: {len(content)} bytes; allowed: at most {LARGEST}"
        raise WrongInputError(msg)
    try:
        document = json.loads(content)
    except ValueError:
        # The parser's own message may quote the key.
        msg = f"{box.provision}: is not JSON"
        raise WrongInputError(msg) from None
    try:
        return Provision.model_validate(document)
    except ValidationError as error:
        mistakes = _mistakes(document, error)
    lines = "\n".join(f"{box.provision}: {mistake}" for mistake in mistakes)
    raise WrongInputError(lines)


def _mistakes(document: object, error: ValidationError) -> list[str]:
    if not isinstance(document, dict):
        return ["must be one JSON object"]
    mistakes = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        field = str(found["loc"][0])
        if field not in ALLOWED:
            mistakes.append(f"{field} is not known; allowed: {', '.join(ALLOWED)}")
        elif field not in document:
            mistakes.append(f"{field} is missing; allowed: {ALLOWED[field]}")
        else:
            mistakes.append(
                f"{field} = {_shown(field, document[field])}; allowed: {ALLOWED[field]}"
            )
    return mistakes


def _shown(field: str, value: object) -> str:
    if field in HIDDEN:
        return "(hidden)"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def time_server(box: Box) -> str | None:
    """The provisioned time server; None when there is no usable provision.json."""
    try:
        return read(box).ntp_server
    except (OSError, WrongInputError):
        return None
