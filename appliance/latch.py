"""One byte on disk that says whether the emergency stop is latched, whatever becomes of the store.

It is written in place: that needs no free space, and it is on the disk before `write` returns.
"""

import os
from pathlib import Path
from typing import Final

LATCHED, FREE = b"1", b"0"
FILE_NAME: Final = "estop.latch"


def read(data_folder: Path) -> bool | None:
    """True, False, or None when nobody knows: no file, or rubbish in it."""
    try:
        content = (data_folder / FILE_NAME).read_bytes()[:1]
    except OSError:
        return None
    return {LATCHED: True, FREE: False}.get(content)


def write(data_folder: Path, latched: bool) -> None:
    """Remember it. Raises OSError when it cannot be written."""
    file = os.open(data_folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.pwrite(file, LATCHED if latched else FREE, 0)
        os.fsync(file)
    finally:
        os.close(file)
