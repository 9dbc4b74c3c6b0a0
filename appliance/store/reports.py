"""Reports of tests of the backup: one JSON file each, the newest kept."""

import os
from pathlib import Path
from typing import Final

import msgspec

from appliance.model import BackupReport

FOLDER: Final = "backup"
KEPT: Final = 24


def keep_report(data_folder: Path, report: BackupReport) -> Path:
    """Write it, whole or not at all, and drop the oldest. Raises OSError."""
    folder = data_folder / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.began_at:%Y%m%dT%H%M%SZ}.json"
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def reports(data_folder: Path) -> list[BackupReport]:
    """All that are kept and can be read, newest first. Raises OSError."""
    found = []
    for path in sorted((data_folder / FOLDER).glob("*.json"), reverse=True):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=BackupReport))
        except (msgspec.DecodeError, msgspec.ValidationError):
            continue  # of another version, or half of one
    return found


def last_report(data_folder: Path) -> BackupReport | None:
    """The newest; None when there is none, or it cannot be read now."""
    try:
        return next(iter(reports(data_folder)), None)
    except OSError:
        return None
