"""May the cloud be called yet? Only with connection settings and a trusted clock; else why not."""

from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.cloud.link import Access


class NotReadyError(Exception):
    """Not yet; the text says what is missing."""


class _Connection(msgspec.Struct, frozen=True):
    host: str
    device_id: str
    key: str
    ca: str


class _Clock(msgspec.Struct, frozen=True):
    trusted: bool
    reason: str = ""


T = TypeVar("T", _Connection, _Clock)


def access(data_folder: Path, run_folder: Path) -> Access:
    """What the bootstrapper left. Raises NotReadyError."""
    clock = _read(run_folder / "clock.json", _Clock)
    if not clock.trusted:
        msg = f"the clock is not trusted: {clock.reason}"
        raise NotReadyError(msg)
    known = _read(data_folder / "connection.json", _Connection)
    return Access(known.host, known.device_id, known.key, known.ca)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); the bootstrapper writes it"
        raise NotReadyError(msg) from error
    except msgspec.MsgspecError as error:
        msg = f"{path} is damaged: {error}; the bootstrapper writes it again"
        raise NotReadyError(msg) from error
