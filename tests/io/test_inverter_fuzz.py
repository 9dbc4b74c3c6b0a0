"""100,000 mutated answers per inverter driver: no exception, nothing beyond physical bounds, no mad write."""

from random import Random
from typing import Any

import msgspec
import pytest

from appliance.io.plausible import bounds
from appliance.io.registers import Block
from appliance.model import Setpoints, Word
from tests.io.cases import INVERTERS
from tests.io.rig import InverterRig
from tests.io.test_inverter_contract import settings

ANSWERS = 100_000
ROUNDS_A_CHECK = 4
SPECIAL = (0x0000, 0xFFFF, 0x8000, 0x7FFF, 0x7F80, 0x7FC0, 0xFF80)
"""Zeros, markers of invalid, the largest and smallest numbers, infinity and NaN."""
WANTED = Setpoints(power_w=2_000.0, inverter_on=True, contactors_closed=True)


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


@pytest.mark.parametrize("name", sorted(INVERTERS))
def test_no_answer_breaks_it_or_is_believed_beyond_reason(name: str) -> None:
    rig = InverterRig(settings(name), INVERTERS[name].twin)
    rig.run(0.5)
    rng = Random(name)
    blocks = rig.driver.blocks
    true = {block: rig.bus.read(block, 1) for block in blocks}
    values: dict[str, float | None] = {}
    for number in range(ANSWERS):
        block: Block = blocks[number % len(blocks)]
        values |= block.decode(mutated(list(true[block]), rng))
        if number % ROUNDS_A_CHECK:
            continue
        check(rig.driver.reading(values))
        for write in rig.driver.writes(WANTED, values, number):
            assert all(0 <= word <= 0xFFFF for word in write.words)
