"""100,000 mutated answers per meter driver: no exception, nothing beyond physical bounds."""

from random import Random

import pytest

from appliance.io.registers import Block, Kind
from tests.io.mutations import check, mutated
from tests.io.rig import TableBus
from tests.io.served import plant
from tests.io.test_meter_contract import CASES, Device, Rig

ANSWERS = 100_000
ROUNDS_A_CHECK = 4


@pytest.mark.parametrize("name", sorted(CASES))
def test_no_answer_breaks_it_or_is_believed_beyond_reason(name: str) -> None:
    registers = CASES[name].twin(plant(1_000.0), False).registers
    rig, bus = Rig(name, registers), TableBus(Device(registers))

    def ask(kind: Kind, address: int, count: int) -> tuple[int, ...]:
        return bus.read(Block(kind, address, count, (), slow=False, optional=False), 1)

    rig.driver.identify(ask)
    rng, blocks = Random(name), rig.driver.blocks
    true = {block: bus.read(block, 1) for block in blocks}
    values: dict[str, float | None] = {}
    for number in range(ANSWERS):
        block = blocks[number % len(blocks)]
        values |= block.decode(mutated(list(true[block]), rng))
        if number % ROUNDS_A_CHECK == 0:
            check(rig.driver.reading(values))
