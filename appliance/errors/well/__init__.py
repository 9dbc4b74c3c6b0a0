"""All is well: one look at what several rows of ERRORS judge, instead of one look for each of them.

A row of WELL says: while `well` is true, none of these errors' conditions can hold, so the watch does not ask them.
It may be false although nothing is wrong (None, NaN, a state on the way): then each condition is asked. So it is
written with "not … <= limit", which no NaN passes. A test tries it against the conditions themselves; a number
that is not named here is asked in every cycle.
"""

from typing import Final

from appliance.errors.well.battery import battery, cells, currents, flow, known, racks
from appliance.errors.well.box import climate, front, health, sensors, software
from appliance.errors.well.plant import grid, inverter, island, meters
from appliance.errors.well.row import Made

# fmt: off
WELL: Final[tuple[tuple[Made, frozenset[int]], ...]] = (
    (battery,  frozenset({101, 102, 103, 104, 105, 106, 108})),
    (known,    frozenset({107, 124, 125, 133})),
    (racks,    frozenset({126, 136})),
    (flow,     frozenset({134, 135})),
    (cells,    frozenset({111, 112, 113, 114, 115, 116, 121, 122, 123, 127, 130, 131, 132})),
    (currents, frozenset({128, 129})),
    (inverter, frozenset({201, 202, 203, 204, 205, 206, 207, 208, 209, 211, 213})),
    (island,   frozenset({220, 221, 222, 223, 224, 225, 226, 227, 228, 229})),
    (meters,   frozenset({301, 302, 303, 304})),
    (grid,     frozenset({310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321})),
    (front,    frozenset({401, 402, 404})),
    (sensors,  frozenset({403, 501, 502, 507, 508, 509, 510})),
    (climate,  frozenset({503, 504, 505, 506})),
    (software, frozenset({601, 602, 603, 604, 605, 613})),
    (health,   frozenset({606, 607, 608, 609, 610, 611})),
)
# fmt: on
