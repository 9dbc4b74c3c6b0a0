"""Carlo Gavazzi EM24 Ethernet (EM24-DIN AV2/AV5 E1), Modbus TCP, firmware 1.8.3 and later, and no other meter.

The same driver as `carlo_gavazzi`, which finds every kind by itself; this one refuses all others.
The layout is that of "EM300 and ET300 series" v2 rev 6; Modbus TCP port 502, functions 3 and 4 alike,
low word first. Export shows only when the meter runs application H (register 0xA000 = 7); PFA models
count everything as import.

The meter counts energy that flows from its upper terminals to the lower ones as positive. A grid
meter has the grid above: import is positive. A PV meter has the PV inverter above and the site's
bus below: production is positive. `mounting = "reversed"` is for transformers the other way round.
"""

from collections.abc import Mapping
from typing import ClassVar

from appliance.io.meters import carlo_gavazzi
from appliance.io.meters._carlo_gavazzi_layouts import EM24_E1
from appliance.io.meters._carlo_gavazzi_models import E1_CODES, MODELS, Model

TITLE = "Carlo Gavazzi EM24 Ethernet (not verified on hardware)"
READS = EM24_E1.reads
BLOCKS = EM24_E1.blocks()


class Driver(carlo_gavazzi.Driver):
    """One EM24 Ethernet."""

    codes: ClassVar[Mapping[int, Model]] = {code: MODELS[code] for code in E1_CODES}
