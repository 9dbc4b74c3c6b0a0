"""The base of every word that crosses threads and processes."""

import msgspec


class Word(msgspec.Struct, frozen=True, gc=False):
    """A frozen value that may cross threads and processes."""
