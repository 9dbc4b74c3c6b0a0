"""Small files of the kernel (sysfs): one value each, read and written whole.

Such a file answers at once or with an error, so a call needs no timeout of its own; what could make
it wait (a pipe, a terminal) is refused or opened without waiting. Every failure is an OSError.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from appliance.site import SysFiles

MOST: Final = 4_096
"""Bytes: the kernel shows no more than a page in one file."""


class Files:
    """A folder of small files. Names are paths below it: `class/thermal/thermal_zone0/temp`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> str:
        """The text without space around it. Raises OSError, also when it is no small text file."""
        opened = self._open(name, os.O_RDONLY)
        try:
            text = os.read(opened, MOST + 1)
        finally:
            os.close(opened)
        if len(text) > MOST:
            raise OSError(errno.EFBIG, "more than a page", str(self.folder / name))
        try:
            return text.decode("ascii").strip(" \t\r\n\0")
        except UnicodeDecodeError:
            raise OSError(errno.EILSEQ, "is not text", str(self.folder / name)) from None

    def number(self, name: str, base: int = 10) -> int:
        """The whole number in a file. Raises OSError, also when there is none."""
        text = self.read(name)
        try:
            return int(text, base)
        except ValueError:
            raise OSError(
                errno.EINVAL, f"{text[:20]!r} is no number", str(self.folder / name)
            ) from None

    def write(self, name: str, text: str) -> None:
        """Write the text in one call, as the kernel wants it. Raises OSError."""
        opened = self._open(name, os.O_WRONLY | os.O_TRUNC)
        try:
            if os.write(opened, text.encode("ascii")) != len(text):
                raise OSError(errno.EIO, "was written in part", str(self.folder / name))
        finally:
            os.close(opened)

    def has(self, name: str) -> bool:
        """It is there."""
        return (self.folder / name).exists()

    def close(self) -> None:
        """Nothing is held open."""

    def _open(self, name: str, how: int) -> int:
        path = self.folder / name
        opened = os.open(path, how | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        if stat.S_ISREG(os.fstat(opened).st_mode):
            return opened
        os.close(opened)
        raise OSError(errno.EINVAL, "is not a plain file", str(path))


def open_files(settings: SysFiles) -> Files:
    """The folder that `settings.path` names. Raises OSError when it is not there."""
    folder = Path(settings.path)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "there is no such folder", settings.path)
    return Files(folder)
