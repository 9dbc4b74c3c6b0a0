"""The installer's PIN: kept as a salted scrypt hash in a file of its own, guarded against guessing.

The file is not part of site.toml, which travels by mail and into archives: a million PINs of six digits are
hashed within a day. Whoever may read the file may write it too, and needs no PIN (docs/decisions/0024).
"""

import hashlib
import hmac
import logging
import os
import re
import secrets
import sys
from getpass import getpass
from pathlib import Path
from typing import Final

from appliance.clock import Clock

log = logging.getLogger(__name__)

FILE_NAME: Final = "installer_pin"
TRIES_NAME: Final = "installer_pin_tries"
PIN: Final = re.compile(r"[0-9]{6,12}", re.ASCII)
N, R, P = 2**14, 8, 1
"""16 MiB and some 50 ms a guess on a small computer; RFC 7914 and its authors' choice for logins."""
SALT_BYTES: Final = 16
KEY_BYTES: Final = 32
LONGEST_LINE: Final = 300
FREE_TRIES: Final = 3
FIRST_LOCK_S: Final = 30.0
LONGEST_LOCK_S: Final = 900.0


class PinError(ValueError):
    """This cannot be a PIN; the text says why."""


def hashed(pin: str) -> str:
    """The line to keep for a PIN. Raises PinError."""
    if not PIN.fullmatch(pin):
        msg = "a PIN has 6 to 12 digits"
        raise PinError(msg)
    salt = secrets.token_bytes(SALT_BYTES)
    return f"scrypt:{N}:{R}:{P}:{salt.hex()}:{_key(pin, salt, N, R, P).hex()}"


def fits(pin: str, line: str) -> bool:
    """Is it the PIN of that line? Raises ValueError for a line that is none."""
    kind, n, r, p, salt, key = line.split(":")
    if kind != "scrypt" or not 1 < int(n) <= 2**17 or not 1 <= int(r) <= 8 or not 1 <= int(p) <= 4:
        msg = "not a hash made by `appliance config pin`"
        raise ValueError(msg)
    found = _key(pin, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(key))


def _key(pin: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    most = 2 * 128 * n * r * p
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=r, p=p, maxmem=most, dklen=KEY_BYTES)


def lock_s(wrong: int) -> float:
    """How long no PIN is looked at after so many wrong ones in a row."""
    if wrong < FREE_TRIES:
        return 0.0
    return float(min(FIRST_LOCK_S * 2.0 ** min(20, wrong - FREE_TRIES), LONGEST_LOCK_S))


class PinKeeper:
    """Belongs to one thread (the bus). Counts wrong tries, also over restarts."""

    def __init__(self, data_folder: Path, clock: Clock) -> None:
        self._file, self._tries = data_folder / FILE_NAME, data_folder / TRIES_NAME
        self._clock = clock
        self._wrong = self._recall()
        # How long the core was away is not known: a lock begins again.
        self._locked_until_s = clock.now_s() + lock_s(self._wrong)

    def refuses(self, pin: str) -> str:
        """Why this PIN does not count; "" when it is right. Takes some 50 ms."""
        left_s = self._locked_until_s - self._clock.now_s()
        if left_s > 0.0:
            return f"too many wrong PINs; try again in {left_s:.0f} s"
        try:
            line = self._file.read_text(encoding="ascii")[:LONGEST_LINE].strip()
        except FileNotFoundError:
            return "no installer's PIN is set here (appliance config pin)"
        except (OSError, ValueError):
            return "the installer's PIN cannot be read"
        try:
            right = PIN.fullmatch(pin) is not None and fits(pin, line)
        except (ValueError, OverflowError, MemoryError):
            return "the installer's PIN cannot be read"
        if right:
            self._count(0)
            return ""
        self._count(self._wrong + 1)
        pause_s = lock_s(self._wrong)
        self._locked_until_s = self._clock.now_s() + pause_s
        return f"wrong PIN; try again in {pause_s:.0f} s" if pause_s else "wrong PIN"

    def _recall(self) -> int:
        try:
            return max(0, int(self._tries.read_text(encoding="ascii")))
        except FileNotFoundError:
            return 0
        except (OSError, ValueError):
            return FREE_TRIES  # somebody has meddled with it

    def _count(self, wrong: int) -> None:
        if wrong == self._wrong:
            return
        self._wrong = wrong
        try:
            write_private(self._tries, str(wrong))
        except OSError as error:
            log.warning("wrong PINs are counted until the next restart only: %s", error)


def write_private(path: Path, text: str) -> None:
    """Replace a file that its owner alone may read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def ask_pin(prompt: str) -> str:
    """A PIN, typed unseen; without a terminal the next line of standard input."""
    if sys.stdin.isatty():
        return getpass(prompt).strip()
    return sys.stdin.readline().strip()


def set_pin(data_folder: Path, *, remove: bool) -> str:
    """Ask for a new PIN and keep its hash, or take it away; what was done. Raises PinError, OSError."""
    path = data_folder / FILE_NAME
    if remove:
        path.unlink(missing_ok=True)
        return "there is no installer's PIN any more: tests begin in maintenance only"
    if not data_folder.is_dir():
        where = data_folder.absolute()
        msg = f"{where} is not there: go to the folder from which the box is started, or start it once"
        raise PinError(msg)
    line = hashed(pin := ask_pin("New installer's PIN (6 to 12 digits): "))
    if sys.stdin.isatty() and ask_pin("Again: ") != pin:
        msg = "the two are not the same; nothing was changed"
        raise PinError(msg)
    write_private(path, line + "\n")
    (data_folder / TRIES_NAME).unlink(missing_ok=True)
    return f"the installer's PIN is set ({path.absolute()})"
