"""Step 3: where is my hub, and with which key? From provision.json to connection.json, mode 0600."""

import stat

from bootstrapper import provision
from bootstrapper.box import Box, LaterError, WrongInputError
from bootstrapper.files import encoded, write_atomically
from bootstrapper.serial_number import serial_number

MODE = 0o600


def is_done(box: Box) -> bool:
    """Done when connection.json says what provision.json says, or provision.json was taken away."""
    if not box.connection.exists():
        return False
    if not box.provision.exists():
        return True
    return _is_private(box) and box.connection.read_bytes() == _content(box)


def do(box: Box) -> str:
    """Write connection.json. Raises WrongInputError (nothing has changed then) or LaterError."""
    if not box.provision.exists():
        msg = f"{box.provision} is not there: the box works without a cloud until it is provisioned"
        raise LaterError(msg)
    content = _content(box)
    write_atomically(box.connection, content, MODE)
    known = provision.read(box)
    return f"{known.device_id} at {known.hub_host}"


def _is_private(box: Box) -> bool:
    return stat.S_IMODE(box.connection.stat().st_mode) == MODE


def _content(box: Box) -> bytes:
    try:
        given = provision.read(box)
    except OSError as error:
        msg = f"{box.provision} cannot be read: {error.strerror}"
        raise LaterError(msg) from error
    own = serial_number(box)
    if given.serial_number != own:
        msg = (
            f"{box.provision}: serial_number = {given.serial_number!r}; allowed: {own!r}, this box"
        )
        raise WrongInputError(msg)
    return encoded(
        {
            "host": given.hub_host,
            "device_id": given.device_id,
            "key": given.device_key.get_secret_value(),
            "ca": given.ca_pem,
        }
    )
