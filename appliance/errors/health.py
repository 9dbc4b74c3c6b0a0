"""Conditions of the errors of the box itself: supply, buttons, air, temperature, disk, store, wear, update, buses."""

from typing import Final

from appliance.errors.battery import NOWHERE, Sources
from appliance.model import CAN_ACTIVE, UNDER_VOLTAGE, CanHealth, Memory, SensorReading, Snapshot
from appliance.site import SiteSettings

COMPUTER: Final = "cpu"
"""The sensor driver that watches the computer itself."""
DISK_BYTES: Final = 100e6
"""Less than this is little on any disk."""
DISK_PCT: Final = 5.0
DISK_ENOUGH_BYTES: Final = 1e9
"""So much is enough, however large the disk."""
INODES_PCT: Final = 3.0
WORN_PCT: Final = 80.0
"""Of its allowance: time to ask why it is written so often, and to plan its replacement."""
CAN_ERRORS: Final = 10
"""Error frames within a minute: one comes with every device that is switched on."""
FAILED_PCT: Final = 10.0
LEAST_FAILED: Final = 5


def _sensors(seen: Snapshot, site: SiteSettings, driver: str) -> list[tuple[str, SensorReading]]:
    """The sensors with this driver that answer."""
    found = []
    for name, settings in site.sensors.items():
        reading = seen.box if name == "box" else seen.sensors.get(name)
        if settings.driver == driver and reading is not None:
            found.append((name, reading))
    return found


def supply_ails(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """What the board says of itself; and the computer, of its voltage."""
    board = () if seen.board is None else seen.board.warnings
    found = [f"board: {', '.join(board)}"] if board else []
    found += [
        f"{name}: {UNDER_VOLTAGE}"
        for name, reading in _sensors(seen, site, COMPUTER)
        if UNDER_VOLTAGE in reading.warnings
    ]
    return tuple(found)


def button_pressed(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Which are down; the row says for how long that is still a finger."""
    if seen.board is None or not seen.board.buttons_pressed:
        return NOWHERE
    switch = None if site.backup is None else site.backup.switch
    contact = None if switch is None else switch.feedback
    return tuple([f"button {name}" for name in seen.board.buttons_pressed if name != contact])


def box_humid(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """So moist that the next cold night makes water of it."""
    humidity_pct = None if seen.box is None else seen.box.humidity_pct
    humid = humidity_pct is not None and humidity_pct > site.box.humid_pct
    return ("box",) if humid else NOWHERE


def too_hot_to_work(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Beyond what the electronics are made for: better an ordered stop than one by the computer's own."""
    box = seen.box
    found = []
    if box is not None and box.temperature_c is not None:
        found += ["box"] if box.temperature_c > site.box.critical_c else []
    found += [
        name
        for name, reading in _sensors(seen, site, COMPUTER)
        if name != "box"
        and reading.temperature_c is not None
        and reading.temperature_c > site.box.computer_critical_c
    ]
    return tuple(found)


def disk_nearly_full(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Little room for data, or for files."""
    health = seen.health
    if health is None:
        return NOWHERE
    free, free_pct, inodes_pct = (
        health.disk_free_bytes, health.disk_free_pct, health.inodes_free_pct,
    )  # fmt: skip
    little = free is not None and free < DISK_BYTES
    little |= (
        free is not None
        and free_pct is not None
        and free_pct < DISK_PCT
        and free < DISK_ENOUGH_BYTES
    )
    if little:
        return (f"disk: {(free or 0) / 1e6:.0f} MB free",)
    no_more = inodes_pct is not None and inodes_pct < INODES_PCT
    return ("disk: hardly any room for more files",) if no_more else NOWHERE


def store_corrupt(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """It was set aside, and the box has begun another one."""
    aside = () if seen.health is None else seen.health.store_corrupt
    return (f"store: {', '.join(aside)}",) if aside else NOWHERE


def worn(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Memory of a device that has been written almost as often as it bears."""
    if seen.health is None:
        return NOWHERE
    return tuple(
        [
            f"{one.name}: {one.writes} writes, {one.used_pct:.0f} %"
            for one in seen.health.worn
            if one.used_pct >= WORN_PCT
        ]
    )


def update_failed(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """The last one; until the next is done."""
    why = None if seen.health is None else seen.health.update_failed
    return (f"update: {why}",) if why is not None else NOWHERE


def market_unread(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Sources that are kept out; what they said before goes on until its time is over."""
    return NOWHERE if seen.market is None else seen.market.unread


def can_troubled(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """A bus that does not work, or only just."""
    if seen.health is None:
        return NOWHERE
    found = [(one.bus, _can_words(one)) for one in seen.health.can]
    return tuple([f"{bus}: {words}" for bus, words in found if words])


def _can_words(one: CanHealth) -> str:
    words = [one.state] if one.state != CAN_ACTIVE else []
    words += [f"{one.error_frames} error frames a minute"] if one.error_frames >= CAN_ERRORS else []
    words += [f"frames lost: {one.lost}"] if one.lost else []
    return ", ".join(words)


def polls_fail(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """A device that answers, but not always. One that never does has an error of its own."""
    if seen.health is None or not seen.health.polled:
        return NOWHERE
    return tuple(
        [
            f"{one.device}: {one.failed_pct:.0f} % of its answers are missing"
            for one in seen.health.polled
            if LEAST_FAILED <= one.failed < one.polls and one.failed_pct >= FAILED_PCT
        ]
    )
