"""Where the numbers of a PQstorI begin and which word comes first: found out, or asked for; never guessed."""

import struct
from typing import Any

import pytest

from appliance.io import inverters
from appliance.io.buses import RefusedError, WrongDeviceError
from appliance.io.registers import Ask, Kind
from appliance.model import Setpoints
from appliance.site import Inverter

MEASURED = {30515: 229.8, 30517: 231.2, 30519: 49.987, 30521: 0.99, 30523: 750.3}
STOP = 44_612


def device(first: int, *, low_first: bool) -> Ask:
    """Floats in a row, as a device has them."""
    words: dict[int, int] = {}
    for number, value in MEASURED.items():
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        address = number % 10_000 - first
        words[address], words[address + 1] = (low, high) if low_first else (high, low)

    def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
        wanted = range(address, address + count)
        if not all(one in words for one in wanted):
            raise RefusedError("no such register")
        return tuple(words[one] for one in wanted)

    return ask


def pqstori(**options: Any) -> inverters.InverterDriver:
    return inverters.driver(
        Inverter(
            driver="abb_pqstori", bus="lan", max_charge_w=1e5, max_discharge_w=1e5, options=options
        )
    )


@pytest.mark.parametrize(
    ("first", "low_first", "options"),
    [
        (1, False, {}),
        (0, True, {}),
        (1, True, {"first_number": "one"}),
        (1, True, {"word_order": "low_first"}),
        (0, False, {"first_number": "zero"}),
        (0, False, {"word_order": "high_first"}),
    ],
)
def test_stop_goes_to_its_own_register(first: int, low_first: bool, options: Any) -> None:
    driver = pqstori(**options)
    driver.identify(device(first, low_first=low_first))
    addresses = [write.address for write in driver.writes(Setpoints(), {}, 1)]
    assert addresses[-1] == STOP % 10_000 - first


@pytest.mark.parametrize(("first", "low_first"), [(0, False), (1, True)])
def test_what_may_be_read_in_two_ways_is_asked_for(first: int, low_first: bool) -> None:
    """Taken for the other of these two, the stop of one is the start of the other, or no register."""
    with pytest.raises(WrongDeviceError, match="set first_number and word_order"):
        pqstori().identify(device(first, low_first=low_first))
