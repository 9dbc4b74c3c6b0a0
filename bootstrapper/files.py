"""How does a file survive a power cut? Written beside, flushed, renamed, and the folder flushed."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

Document = dict[str, object]


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace the file: afterwards it holds either the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def encoded(document: Mapping[str, object]) -> bytes:
    """A JSON document as it lies on disk."""
    return (json.dumps(document, indent=2) + "\n").encode()


def read_document(path: Path) -> Document | None:
    """A JSON object; None when there is none that can be read."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None
