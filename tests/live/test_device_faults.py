"""Every fault of inverter, battery and grid meter, while the battery carries 2 kW: at rest in time, told by its
number, and back afterwards.

Three pretend sites run beside each other, one for each device; each goes through all its faults.
"""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from appliance.bus import CoreClient
from appliance.model import GoToState, State
from simulator.wire import plugs
from tests.live.box import LiveBox, error_numbers
from tests.stories import HOME

pytestmark = pytest.mark.timeout(420)

SITE = HOME.parent / "commercial.toml"
CARRIED_W, MORE_W = 2_000.0, 3_500.0
REST_W, CARRIES_W = 1.0, 1_800.0
LIMIT_W = 20_100.0
"""Of this site's inverter."""
REST_S, BACK_S = 6.0, 60.0
DIP_S = 5.0
"""Power rests for some seconds while a rack leaves, so that it opens without current, and then goes on."""


@dataclass(frozen=True)
class Case:
    """A fault, and what the box makes of it."""

    plug: str
    fault: str
    number: int | None
    rests: bool = True
    """Power goes to zero."""
    within_s: float = REST_S
    load_w: float = CARRIED_W
    """The house takes this while the fault is there."""
    most_w: float = 1.3 * CARRIED_W
    """Never more than this."""
    why: str = ""
    """Where it does not rest, or not so soon: why that is safe."""


JOINING, SOON = "[battery.joining]", "\nback_off_s = 4.0\nlongest_back_off_s = 4.0"
"""A rack that was left out rests only shortly, not for a minute or an hour, before it may join again."""
AGED = "a CAN frame does not say when it was sent: after a gap, which stops it, old frames are as good as new"
APART = "the other rack is sound and carries on; the last one is left out"
EYES = "only its answers stand still: commands are obeyed, and what it holds is compared"
STANDS = "by design 60 s of flowing power without a change; until then it follows what it is told"
CASES = (
    *(Case("inverter", fault, 201) for fault in (
        plugs.SILENT, plugs.REFUSE, plugs.LATE, plugs.GARBAGE, plugs.HALF, plugs.EXCEPTION,
        plugs.WRONG_UNIT, plugs.REBOOT)),
    Case("inverter", plugs.STUCK, 206, within_s=20.0, load_w=MORE_W, most_w=1.3 * MORE_W, why=EYES),
    *(Case("bms", fault, 101) for fault in (
        plugs.SILENT, plugs.REFUSE, plugs.GARBAGE, plugs.HALF, plugs.STUCK, plugs.BUS_OFF,
        plugs.CHECKSUM)),
    Case("bms", plugs.REBOOT, 202),
    Case("bms", plugs.LATE, None, why=AGED),
    *(Case("bms", fault, 126, rests=False, within_s=16.0, why=APART) for fault in (
        plugs.RACK_SILENT, plugs.RACK_FAULT, plugs.STRANGE_FAULT)),
    *(Case("meter.grid", fault, 301) for fault in (
        plugs.SILENT, plugs.REFUSE, plugs.LATE, plugs.GARBAGE, plugs.HALF, plugs.EXCEPTION,
        plugs.WRONG_UNIT, plugs.REBOOT)),
    Case("meter.grid", plugs.STUCK, 605, within_s=75.0, most_w=LIMIT_W, why=STANDS),
)  # fmt: skip
NOT_ON_CAN = {plugs.EXCEPTION, plugs.WRONG_UNIT}
FROZEN_TAKES = {plugs.FROZEN}
"""300 s of flowing power: shown in virtual time by tests/core/test_stillness.py."""


USUALLY = {
    "inverter": (plugs.SILENT, plugs.GARBAGE, plugs.REBOOT, plugs.STUCK),
    "bms": (plugs.SILENT, plugs.CHECKSUM, plugs.REBOOT, plugs.RACK_SILENT, plugs.RACK_FAULT),
    "meter.grid": (plugs.SILENT, plugs.HALF, plugs.EXCEPTION, plugs.REBOOT),
}
"""The others with ALL_FAULTS=1, and, judged by an observer of its own, in `make chaos`."""
TRIED = [case for case in CASES if case.fault in USUALLY[case.plug] or os.environ.get("ALL_FAULTS")]


@dataclass
class Outcome:
    """What happened, in seconds after the fault began, or ended."""

    rest_s: float | None = None
    told: dict[int, float] = field(default_factory=dict)
    little_s: float = 0.0
    """How long less than half was carried while the fault was there."""
    most_w: float = CARRIED_W
    back_s: float | None = None
    said: str = ""
    looked_s: float = 0.0

    def look(self, box: LiveBox, passed_s: float) -> None:
        """Once."""
        power_w = box.world.number("battery_w")
        self.most_w = max(self.most_w, power_w)
        if power_w < 0.5 * CARRIED_W:
            self.little_s += passed_s - self.looked_s
        self.looked_s = passed_s
        if self.rest_s is None and abs(power_w) < REST_W:
            self.rest_s = passed_s
        status = box.status()
        self.said = str(status.get("why", self.said))
        for number in error_numbers(status) if status else ():
            self.told.setdefault(number, passed_s)

    def is_complete(self, case: Case) -> bool:
        """All that is expected has been seen."""
        told = case.number is None or case.number in self.told
        return told and (self.rest_s is not None or not case.rests)


def carries(box: LiveBox) -> bool:
    """Running well: nothing is wrong any more."""
    status = box.status()
    if not status or status["state"] != "run" or error_numbers(status):
        return False
    return box.world.number("battery_w") > CARRIES_W


def until_it_carries(box: LiveBox) -> float | None:
    """How long that took; None: too long."""
    started_s = time.monotonic()
    while not carries(box):
        if time.monotonic() - started_s > BACK_S:
            return None
        time.sleep(0.05)
    return time.monotonic() - started_s


def forget_stops(box: LiveBox) -> None:
    """Somebody on site asks: the box forgets how often it has stopped, and waits no longer each time."""
    client = CoreClient(box.run_folder, "ctl")
    try:
        assert client.ask(GoToState(State.RUN)).ok
    finally:
        client.close()


def suffer(box: LiveBox, case: Case) -> Outcome:
    """One fault, from its beginning until power flows again."""
    outcome, started_s = Outcome(), time.monotonic()
    box.world.plug(case.plug, case.fault)
    box.world.set("load_w", case.load_w)
    while time.monotonic() - started_s < case.within_s and not outcome.is_complete(case):
        outcome.look(box, time.monotonic() - started_s)
        time.sleep(0.03)
    box.world.plug(case.plug, plugs.IN)
    box.world.set("load_w", CARRIED_W)
    outcome.back_s = until_it_carries(box)
    forget_stops(box)
    return outcome


def go_through(device: str, folder: Path, outcomes: dict[Case, Outcome]) -> None:
    """All faults of one device, in a box of its own."""
    folder.mkdir()
    text = SITE.read_text()
    assert text.count(JOINING) == 1
    box = LiveBox(folder, site_toml=text.replace(JOINING, f"{JOINING}{SOON}"))
    try:
        box.start(without="gui,cloud")
        box.world.set("pv_w", 0.0)
        box.world.set("load_w", CARRIED_W)
        box.wait_running(60.0)
        assert until_it_carries(box) is not None
        for case in (one for one in TRIED if one.plug == device):
            outcomes[case] = suffer(box, case)
    finally:
        box.stop()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Outcome]]:
    folder, found = tmp_path_factory.mktemp("faults"), dict[Case, Outcome]()
    threads = [
        threading.Thread(target=go_through, args=(device, folder / device, found), daemon=True)
        for device in USUALLY
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    yield found


def test_every_fault_of_the_plugs_has_its_case() -> None:
    everything = set(plugs.FAULTS) - {plugs.IN} - plugs.HARMLESS
    tried = {(case.plug, case.fault) for case in CASES}
    only_can = {plugs.BUS_OFF, plugs.FROZEN, plugs.CHECKSUM, plugs.RACK_SILENT, plugs.RACK_FAULT, plugs.STRANGE_FAULT}  # fmt: skip
    for plug, leaves_out in (("inverter", only_can), ("meter.grid", only_can), ("bms", NOT_ON_CAN | FROZEN_TAKES)):  # fmt: skip
        assert {fault for name, fault in tried if name == plug} == everything - leaves_out


@pytest.mark.parametrize("case", TRIED, ids=lambda case: f"{case.plug} {case.fault}")
def test_a_fault(case: Case, outcomes: dict[Case, Outcome]) -> None:
    """At rest or safe in time, the right number, power again."""
    outcome = outcomes[case]
    print(case.plug, case.fault, outcome)
    if case.rests:
        assert outcome.rest_s is not None and outcome.rest_s <= case.within_s, outcome
    else:
        assert outcome.little_s < DIP_S, outcome
    if case.number is not None:
        assert case.number in outcome.told, outcome
    assert outcome.most_w < case.most_w, "not much more than the house takes"
    assert outcome.back_s is not None, outcome
