"""100,000 mutated answers per inverter driver: no exception, nothing beyond physical bounds, no mad write."""

from random import Random

import pytest

from appliance.io.registers import Block
from appliance.model import Setpoints
from tests.io.cases import INVERTERS
from tests.io.mutations import check, mutated
from tests.io.rig import InverterRig
from tests.io.test_inverter_contract import settings

ANSWERS = 100_000
ROUNDS_A_CHECK = 4
WANTED = Setpoints(power_w=2_000.0, inverter_on=True, contactors_closed=True)


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
