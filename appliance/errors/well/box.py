"""The box itself is well: its front, its air, its sensors, its climate, its software."""

from typing import Final

from appliance.errors.well.row import Well
from appliance.model import Memory, Snapshot, State
from appliance.site import SiteSettings

ENDING: Final = (State.RESTART, State.REBOOT)


def front(_site: SiteSettings) -> Well:
    """It is heard, and nobody presses anything."""

    def well(seen: Snapshot, _memory: Memory) -> bool:
        board = seen.board
        return board is not None and not board.estop_pressed and not board.buttons_pressed

    return well


def box(site: SiteSettings) -> Well:
    """Its air is told, and neither hot nor humid."""
    settings = site.box
    hot_c, humid_pct = min(settings.warm_c, settings.critical_c), settings.humid_pct

    def well(seen: Snapshot, _memory: Memory) -> bool:
        air = seen.box
        if air is None or air.warnings:
            return False
        degrees_c, moist_pct = air.temperature_c, air.humidity_pct
        if degrees_c is not None and not degrees_c <= hot_c:
            return False
        return moist_pct is None or moist_pct <= humid_pct

    return well


def sensors(site: SiteSettings) -> Well:
    """Every one is heard and has nothing to say, nor has the board; nothing is hotter than the computer may become."""
    in_box, computer_c = box(site), site.box.computer_critical_c
    others = tuple(name for name in site.sensors if name != "box")

    def well(seen: Snapshot, memory: Memory) -> bool:
        told, board = seen.sensors, seen.board
        if board is not None and board.warnings:
            return False
        if len(told) != len(others) or not in_box(seen, memory):
            return False
        for name in others:
            one = told.get(name)
            if one is None or one.warnings:
                return False
            if one.temperature_c is not None and not one.temperature_c <= computer_c:
                return False
        return True

    return well


def climate(site: SiteSettings) -> Well:
    """Fans, heaters and relays do what they are told; a site may have none of them."""
    wanted, relays = site.climate is not None, tuple(site.relays)

    def well(seen: Snapshot, _memory: Memory) -> bool:
        reading = seen.climate
        if reading is None:
            if wanted:
                return False
        elif any(one.stalled or one.silent for one in reading.actuators) or any(
            zone.condensing for zone in reading.zones
        ):
            return False
        for name in relays:
            relay = seen.relays.get(name)
            if relay is None or (relay.on is not None and relay.on is not relay.commanded):
                return False
        return True

    return well


def software(_site: SiteSettings) -> Well:
    """All parts run, nothing stands still, the clock is right, and the box has nothing to say of itself."""

    def well(seen: Snapshot, memory: Memory) -> bool:
        return (
            not seen.workers_down
            and not seen.frozen
            and seen.clock_trusted is not False
            and seen.cloud_connected is not False
            and memory.state not in ENDING
        )

    return well


def health(_site: SiteSettings) -> Well:
    """Nobody says anything of disk, store, wear, update and wires."""

    def well(seen: Snapshot, _memory: Memory) -> bool:
        return seen.health is None

    return well
