"""Answers with something wrong in them, and what no reading may contain."""

from random import Random
from typing import Any

import msgspec

from appliance.io.plausible import bounds
from appliance.model import Word

SPECIAL = (0x0000, 0xFFFF, 0x8000, 0x7FFF, 0x7F80, 0x7FC0, 0xFF80)
"""Zeros, markers of invalid, the largest and smallest numbers, infinity and NaN."""


def mutated(words: list[int], rng: Random) -> list[int]:
    """One answer with something wrong in it; still as long as it was asked for."""
    kind = rng.randrange(4)
    if kind == 0:
        place = rng.randrange(len(words))
        words[place] ^= 1 << rng.randrange(16)
    elif kind == 1:
        words = [rng.getrandbits(16) for _ in words]
    elif kind == 2:
        words = [rng.choice(SPECIAL)] * len(words)
    else:
        turn = rng.randrange(len(words))
        words = words[turn:] + words[:turn]
    return words


def check(word: Word) -> None:
    """Every number of a reading can be true."""
    for name in word.__struct_fields__:
        value: Any = getattr(word, name)
        if isinstance(value, float):
            low, high = bounds(name)
            assert low <= value <= high, (name, value)
        elif isinstance(value, tuple):
            for one in value:
                if isinstance(one, msgspec.Struct):
                    check(one)  # type: ignore[arg-type]
