"""What does the cloud want from the device (desired), and what does the device say of itself (reported)?

JSON merge patches (RFC 7386) and version counters; at most 32 KB each.
"""

import json
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Document: TypeAlias = dict[str, Json]
LARGEST = 32 * 1024
"""Bytes of one document as JSON."""


class TooLargeError(ValueError):
    """The document would grow beyond what a hub stores."""


def merged(document: Document, patch: Document) -> Document:
    """The document after a merge patch; None deletes."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            old = result.get(key)
            result[key] = merged(old if isinstance(old, dict) else {}, value)
        else:
            result[key] = value
    return result


class Half:
    """One of the two documents, with its version."""

    def __init__(self) -> None:
        self._document: Document = {}
        self.version = 1

    def patch(self, patch: Document) -> int:
        """Merge; returns the version afterwards. Raises TooLargeError, then nothing has changed."""
        document = merged(self._document, patch)
        if len(json.dumps(document)) > LARGEST:
            msg = f"a document may have {LARGEST} bytes"
            raise TooLargeError(msg)
        self._document = document
        self.version += 1
        return self.version

    def whole(self) -> Document:
        """The document with its version, as a hub sends it."""
        return {**self._document, "$version": self.version}


class Twin:
    """Both documents of one device."""

    def __init__(self) -> None:
        self.desired = Half()
        self.reported = Half()

    def whole(self) -> Document:
        """What a device reads."""
        return {"desired": self.desired.whole(), "reported": self.reported.whole()}
