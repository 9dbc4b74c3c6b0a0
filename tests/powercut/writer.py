"""The recorder alone with a busy life: `python -m tests.powercut.writer FOLDER SEED [--no-sync]`, until it is killed.

Says on stdout, before the recorder is told of it, what happens: a line `instant kind text` (time.monotonic).
"""

import sys
import threading
import time
from pathlib import Path
from random import Random

import msgspec

from appliance.blackbox import BlackBox
from appliance.clock import Clock, SystemClock
from appliance.cloud.error_events import error_event
from appliance.cloud.telemetry import spot
from appliance.config import load_site
from appliance.mailbox import Stream, Wake
from appliance.model import SAFE, ActiveError, Decision, Limits, Moment, Severity, State
from appliance.recorder import Recorder
from appliance.site import Cloud
from appliance.store import FILE_NAME, Outbox, Store, writing
from appliance.supervisor import Lease
from tests.stories import HOME, battery, rack, seen

CYCLE_S = 0.02


def live(folder: Path, random: Random) -> None:
    """Errors, modes, contactors and telemetry at random, a few a second."""
    clock = SystemClock()
    text = HOME.read_text().replace("build/run/data", str(folder))
    site_file = folder.with_suffix(".toml")
    site_file.write_text(text)
    cloud = Cloud.model_construct(enabled=True, spot_period_s=0.1)
    site = load_site(site_file).model_copy(update={"cloud": cloud})
    stream: Stream[Moment] = Stream(2_000)
    now = Wake()
    recorder = Recorder(
        stream, now, lambda: Store(folder / FILE_NAME, site.storage),
        BlackBox(folder / "blackbox", site.blackbox), site, clock, spot, error_event,
    )  # fmt: skip
    threading.Thread(target=recorder.run, args=(Lease(clock),), daemon=True).start()
    threading.Thread(target=_drain, args=(folder,), daemon=True).start()
    decision = first_decision(clock)
    while True:
        time.sleep(CYCLE_S)
        before = decision
        decision = _next(decision, clock, random)
        closed = random.random() < 0.9
        moment = Moment(
            seen(clock.now_s(), battery=battery(rack(contactors_closed=closed))), decision
        )
        _tell(before, decision)
        stream.put(moment)
        if decision.errors is not before.errors:
            now.ring()


def first_decision(clock: Clock) -> Decision:
    """A box that runs, and all is well."""
    return Decision(
        0, clock.now_s(), clock.utc(), State.RUN, State.RUN, "passive", "ctl", SAFE, 0.0, Limits(),
        (), (), None, "it is so",
    )  # fmt: skip


def _next(last: Decision, clock: SystemClock, random: Random) -> Decision:
    decision = msgspec.structs.replace(
        last, now_s=clock.now_s(), utc=clock.utc(), cycle=last.cycle + 1
    )
    chance = random.random()
    if chance < 0.05:
        mode = f"mode_{decision.cycle}"
        decision = msgspec.structs.replace(decision, mode=mode, mode_by="ctl")
    elif chance < 0.08:
        state = State.IDLE if last.state is State.RUN else State.RUN
        decision = msgspec.structs.replace(decision, state=state)
    elif chance < 0.14:
        number = random.randrange(101, 110)
        others = tuple(one for one in last.errors if one.number != number)
        if len(others) == len(last.errors):
            one = ActiveError(number, "rack 1", Severity.ERROR, "It", "Do", (), decision.utc)
            others = (*others, one)
        decision = msgspec.structs.replace(decision, errors=others)
    return decision


def _tell(before: Decision, decision: Decision) -> None:
    if decision.mode != before.mode:
        print(f"{time.monotonic()} mode {decision.mode}", flush=True)
    for error in decision.errors:
        if error not in before.errors:
            print(f"{time.monotonic()} error {error.since_at.isoformat()}", flush=True)


def _drain(folder: Path) -> None:
    """The cloud takes a few now and then."""
    while not (folder / FILE_NAME).exists():
        time.sleep(0.01)
    time.sleep(0.3)
    outbox = Outbox(folder / FILE_NAME)
    while True:
        time.sleep(0.4)
        batch = outbox.next_batch(3)
        if batch:
            outbox.delete_through(batch[-1].seq)


if __name__ == "__main__":
    if "--no-sync" in sys.argv:
        setattr(writing, "sync_log", lambda _path: None)  # noqa: B010
    live(Path(sys.argv[1]), Random(int(sys.argv[2])))
