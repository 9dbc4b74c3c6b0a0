"""While control is down, nobody is told of a box that runs: not the screen, not ctl, not the cloud."""

from datetime import timedelta
from pathlib import Path

import msgspec
from typing_extensions import override

from appliance.blackbox import BlackBox
from appliance.clock import VirtualClock
from appliance.cloud.telemetry import spot_in
from appliance.config import load_site
from appliance.mailbox import Stream, Wake
from appliance.model import SAFE, Decision, GoToState, Moment, SensorReading, Snapshot, State
from appliance.recorder import Recorder
from appliance.store import Outbox, Store
from appliance.supervisor import Lease
from appliance.undecided import as_it_is
from appliance.wiring import Core
from tests.core.boxes import in_error, in_run, in_stopping
from tests.stories import HOME, NOON, battery, seen


def moment(decision: Decision, **changes: object) -> Moment:
    return Moment(seen(decision.now_s, battery=battery(soc_pct=66.0), **changes), decision)


def running() -> Moment:
    return moment(in_run().run(5.0), sensors={"room": SensorReading(20.0)})


def later(told: Moment, age_s: float) -> Moment:
    now_s = told.decision.now_s + age_s
    return as_it_is(told, now_s, NOON + timedelta(seconds=now_s))


def test_a_new_decision_is_told_as_it_is() -> None:
    told = running()
    assert later(told, 0.99) is told
    assert later(told, 1.01) is not told


def test_an_old_one_is_told_as_a_box_at_rest_that_knows_nothing() -> None:
    told = running()
    rests = later(told, 5.0)
    decision, snapshot = rests.decision, rests.snapshot
    assert (decision.state, decision.setpoints, decision.wish_w) == (State.ERROR, SAFE, None)
    assert decision.why.endswith("the control loop does not run; all is off until it does")
    assert [(one.number, one.source) for one in decision.errors] == [(601, "control")]
    assert not decision.update_allowed
    readings = (snapshot.battery, snapshot.inverter, snapshot.grid, snapshot.board)
    assert readings == (None,) * 4
    assert snapshot.sensors == {"room": None}
    assert snapshot.now_s == told.decision.now_s + 5.0
    assert (decision.mode, decision.goal) == (told.decision.mode, told.decision.goal)


def test_what_was_raised_stays_told() -> None:
    told = moment(in_error().last)
    numbers = [one.number for one in told.decision.errors]
    assert numbers
    assert [one.number for one in later(told, 5.0).decision.errors] == [*numbers, 601]
    twice = as_it_is(later(told, 5.0), 1e6, NOON)
    assert [one.number for one in twice.decision.errors] == [*numbers, 601]


def test_a_core_that_ends_in_order_says_so() -> None:
    story = in_stopping()
    story.ask(GoToState(State.RESTART))
    told = moment(msgspec.structs.replace(story.last, state=State.RESTART))
    assert later(told, 5.0) is told


def test_the_status_shows_no_running_box(tmp_path: Path) -> None:
    clock, told = VirtualClock(NOON), running()
    site_file = tmp_path / "site.toml"
    site_file.write_text(HOME.read_text().replace("build/run", str(tmp_path)))
    core = Core(load_site(site_file), clock)
    clock.advance(told.decision.now_s)
    core.slots.moment.put(told, clock.now_s())
    status = core._status()
    assert status is not None
    assert status.decision.state is State.RUN
    clock.advance(2.0)
    status = core._status()
    assert status is not None
    assert (status.decision.state, status.decision.setpoints.power_w) == (State.ERROR, 0.0)


class Once(Lease):
    @property
    @override
    def ended(self) -> bool:
        return True


def test_the_cloud_is_told_no_figures_of_before(tmp_path: Path) -> None:
    told, clock = running(), VirtualClock(NOON)
    site = in_run().site
    site = site.model_copy(update={"data_folder": str(tmp_path)})
    stream: Stream[Moment] = Stream(10)
    spot = spot_in("en")

    def body(snapshot: Snapshot, decision: Decision) -> dict[str, object]:
        return {"state": decision.state, **spot(snapshot, decision)}

    recorder = Recorder(
        stream, Wake(), lambda: Store(tmp_path / "store.sqlite"), BlackBox(tmp_path / "blackbox"),
        site, clock, body, lambda *_: {},
    )  # fmt: skip
    clock.advance(told.decision.now_s)
    stream.put(told)
    recorder.run(Once(clock))
    clock.advance(30.0)
    recorder.run(Once(clock))
    outbox = Outbox(tmp_path / "store.sqlite")
    first, second = (msgspec.json.decode(one.body) for one in outbox.next_batch(10))
    outbox.close()
    assert first["soc_pct"] == 66.0
    assert second["soc_pct"] is None
    assert [one["number"] for one in second["alarms"]] == [601]
