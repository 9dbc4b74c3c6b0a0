"""An adapter through python-can: frames both ways in one process, and clean failures."""

import can
import pytest

from appliance.io.buses import BusError
from appliance.io.buses.can import EXTENDED, open_can
from appliance.site import CanBus
from tests.io.threads import CLOCK


def test_frames_go_both_ways_with_short_and_long_ids() -> None:
    # python-can's own interface inside one process; site.toml does not offer it.
    settings = CanBus(kind="can", interface="slcan", channel="here")
    port = open_can(settings.model_copy(update={"interface": "virtual"}), CLOCK)
    with can.Bus(interface="virtual", channel="here") as far:
        try:
            far.send(can.Message(arbitration_id=0x18FF1234, is_extended_id=True, data=b"\x01\x02"))
            frames = [frame for _ in range(5) for frame in port.receive(0.2)]
            assert [(f.id, f.data) for f in frames] == [(0x18FF1234 | EXTENDED, b"\x01\x02")]
            port.send(0x123, b"\x07")
            told = far.recv(1.0)
            assert told is not None
            assert (told.arbitration_id, told.is_extended_id, bytes(told.data)) == (
                0x123,
                False,
                b"\x07",
            )
        finally:
            port.close()


@pytest.mark.parametrize("interface", ["slcan", "pcan", "gs_usb"])
def test_an_adapter_that_is_not_there_is_a_bus_error(interface: str) -> None:
    with pytest.raises(BusError, match=f"cannot open {interface} nothing"):
        open_can(CanBus(kind="can", interface=interface, channel="nothing"), CLOCK)  # type: ignore[arg-type]
