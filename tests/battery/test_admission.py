"""Which cells keep a rack from the others: at, just below and just above each limit."""

from math import inf, nan
from typing import Any

import pytest

from appliance.battery.admission import beyond, recovered, unfit
from tests.battery.sites import site
from tests.stories import battery, rack

SITE = site(racks=2)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"cell_min_v": 2.5}, ""), ({"cell_min_v": 2.49}, "cell 2.7 at 2.49 V"),
        ({"cell_max_v": 3.7}, ""), ({"cell_max_v": 3.71}, "cell 2.14 at 3.71 V"),
        ({"cell_min_c": -20.0}, ""), ({"cell_min_c": -21.0}, "cell 2.1 at -21 °C"),
        ({"cell_max_c": 58.0}, ""), ({"cell_max_c": 59.0}, "cell 2.60 at 59 °C"),
        ({"cell_min_v": 2.4, "cell_min_v_at": None}, "cell 2 at 2.40 V"),
        ({"cell_max_v": 3.8, "cell_max_v_at": None}, "cell 2 at 3.80 V"),
        ({"cell_min_c": -21.0, "cell_min_c_at": None}, "cell 2 at -21 °C"),
        ({"cell_max_c": 59.0, "cell_max_c_at": None}, "cell 2 at 59 °C"),
        ({"cell_min_v": None, "cell_max_v": None, "cell_min_c": None, "cell_max_c": None}, ""),
        ({"cell_min_v": None, "cell_max_v": 3.8}, "cell 2.14 at 3.80 V"),
    ],
)  # fmt: skip
def test_a_cell_beyond_its_limits(cells: dict[str, Any], words: str) -> None:
    assert beyond(rack(2, **cells), SITE) == words


@pytest.mark.parametrize("name", ["cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c"])
@pytest.mark.parametrize(("value", "guards", "fits"), [(None, False, False), (None, True, True), (nan, True, False), (nan, False, False)])  # fmt: skip
def test_cells_of_which_nobody_knows(
    name: str, value: float | None, guards: bool, fits: bool
) -> None:
    unknown: dict[str, Any] = {name: value}
    whole = battery(guards_cells=guards)
    assert unfit(rack(2, **unknown), whole, SITE) == ("" if fits else "does not say how its cells are")  # fmt: skip


def test_what_is_known_is_said_before_what_is_not() -> None:
    sick = rack(2, cell_min_v=2.4, cell_max_c=None)
    assert unfit(sick, battery(), SITE) == "cell 2.7 at 2.40 V"
    assert unfit(rack(2, cell_max_v=-inf), battery(guards_cells=True), SITE) != ""
    assert unfit(rack(2), battery(), SITE) == ""


@pytest.mark.parametrize(
    ("low_v", "high_v", "well"),
    [
        (2.8, 3.63, True), (2.79, 3.3, False), (3.3, 3.64, False), (3.3, 3.3, True),
        (3.4, 3.3, False), (None, 3.3, False), (3.3, None, False), (nan, 3.3, False),
    ],
)  # fmt: skip
def test_well_inside(low_v: float | None, high_v: float | None, well: bool) -> None:
    assert recovered(rack(2, cell_min_v=low_v, cell_max_v=high_v), SITE) is well
