"""What somebody else does when the core has died: a kernel's PWM and a relay board keep what they were told last."""

import contextlib
import logging
from collections.abc import Mapping
from typing import Final

from appliance.clock import Clock
from appliance.io.buses import BusError
from appliance.io.buses.registers import open_registers
from appliance.io.climate._wires import Wires
from appliance.io.relays import boards, open_relay, safe_coils
from appliance.site import BoardRelay, ModbusRtu, ModbusTcp, SiteSettings

log = logging.getLogger(__name__)

TRIES: Final = 2


def fans_full(site: SiteSettings, clock: Clock) -> None:
    """Fans at full speed, heaters off, the battery awake. For when no core runs; never raises for a silent wire.

    Takes at most a few timeouts of each bus that has a relay board.
    """
    wires = Wires(site, clock)
    wires.full()
    wires.close()
    coils = safe_coils(site)
    for name, relay in site.relays.items():
        if isinstance(relay, BoardRelay):
            continue
        try:
            local = open_relay(relay, site.buses)
            try:
                local.set(coils[name])
            finally:
                with contextlib.suppress(OSError):
                    local.close()
        except OSError as silence:
            log.warning("relay %s was not let go: %s", name, silence)
    for bus in {one.bus for one in site.relays.values() if isinstance(one, BoardRelay)}:
        _let_go(site, bus, coils, clock)


def _let_go(site: SiteSettings, bus: str, coils: Mapping[str, bool], clock: Clock) -> None:
    settings = site.buses[bus]
    if not isinstance(settings, ModbusTcp | ModbusRtu):
        return
    registers = open_registers(settings, clock)
    try:
        for board in boards(site, bus):
            for attempt in range(TRIES):
                try:
                    registers.connect()
                    for write in board.writes(board.wanted(coils)):
                        registers.write(write, board.settings.unit)
                    break
                except BusError as silence:
                    if attempt == TRIES - 1:
                        log.warning("%s was not let go: %s", board.name, silence)
    finally:
        registers.close()
