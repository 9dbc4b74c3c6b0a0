"""`appliance ctl schedule`: what a file may hold, what is printed, and the exit codes."""

import io
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.arguments import command_line
from appliance.bus import BusServer
from appliance.clock import SystemClock
from appliance.ctl import schedule
from appliance.ctl.schedule import InputError, entries_of
from appliance.mailbox import Requests
from appliance.model import ClearSchedule, PutSchedule, ScheduleEntry, Status
from appliance.supervisor import Lease
from tests.modes.houses import after, entry, house, story
from tests.stories import Story, seen

LINES = [
    {"start_at": "2026-06-21T15:00:00+02:00", "end_at": "2026-06-21T14:00:00Z", "power_w": -1500},
    {"start_at": "2026-06-21T14:00:00Z", "end_at": "2026-06-21T15:00:00Z", "reactive_var": 250.5},
]
READ = (
    ScheduleEntry(after(3_600.0), after(7_200.0), -1_500.0),
    ScheduleEntry(after(7_200.0), after(10_800.0), None, 250.5),
)


@pytest.mark.parametrize("written", [LINES, {"entries": LINES}])
def test_a_list_or_an_object_with_entries(written: object) -> None:
    assert entries_of(json.dumps(written)) == READ


def test_every_mistake_of_a_file_with_its_place() -> None:
    wrong = [{"start_at": "soon", "power": 1}, LINES[0] | {"end_at": "2026-06-21T14:00:00"}]
    with pytest.raises(InputError) as found:
        entries_of(json.dumps({"entries": wrong}))
    assert [line.split(":")[0].split(" =")[0] for line in str(found.value).splitlines()] == [
        "entries.0.start_at", "entries.0.end_at", "entries.0.power", "entries.1.end_at",
    ]  # fmt: skip


class Box:
    """A box without devices behind the bus: every request is answered by the cycle of a story."""

    def __init__(self, folder: Path) -> None:
        site = house(external_control={}, zone="Europe/Copenhagen")
        self.site = site.model_copy(update={"run_folder": str(folder)})
        self.story: Story = story(self.site)
        self._requests, self._lease = Requests(), Lease(SystemClock())
        bus = BusServer(folder, SystemClock(), self._requests, self._status, lambda _pin: "")
        self._threads = [
            threading.Thread(target=work) for work in (lambda: bus.run(self._lease), self._cycle)
        ]
        for thread in self._threads:
            thread.start()

    def _cycle(self) -> None:
        while not self._lease.ended:
            decision = self.story.step(requests=self._requests.drain())
            self._requests.answer(decision.answers)
            self._lease.wait(0.01)

    def _status(self) -> Status:
        one, battery = self.story, self.site.battery
        return Status(
            "s", "1", 0.0, seen(one.now_s, memory=one.cycle.memory), one.last, {}, {},
            battery.capacity_wh, 10.0, 5_000.0,
        )  # fmt: skip

    def ctl(self, *words: str) -> tuple[int, str]:
        chosen = command_line().parse_args(["ctl", "schedule", *words])
        out = io.StringIO()
        return schedule.run(chosen, self.site, out), out.getvalue()

    def end(self) -> None:
        self._lease.end()
        for thread in self._threads:
            thread.join(5.0)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.end()


def test_put_list_and_clear(
    box: Box, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert box.ctl("list") == (0, "no charge schedule\n")
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(LINES))
    assert box.ctl("put", str(file)) == (
        0, "done: local schedule: 2 entries, 2026-06-21 13:00Z to 2026-06-21 15:00Z\n"
    )  # fmt: skip
    assert box.ctl("list") == (
        0,
        "local: 2 entries, clock times in Europe/Copenhagen\n"
        "  2026-06-21 15:00 to 2026-06-21 16:00  -1500 W\n"
        "  2026-06-21 16:00 to 2026-06-21 17:00  250 var\n",
    )
    _, told = box.ctl("list", "--json")
    (listed,) = json.loads(told)["schedules"]
    assert (listed["source"], listed["now"]) == ("local", None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(listed["entries"])))
    assert box.ctl("put", "-")[0] == 0, "what was listed can be put again"
    file.write_text(json.dumps([LINES[0] | {"power_w": 9_000}]))
    assert box.ctl("put", str(file)) == (1, "")
    refused = "refused: entries.0.power_w = 9000 must be between -5000 and 5000\n"
    assert capsys.readouterr().err == refused
    assert box.ctl("clear") == (0, "done: the local schedule is cleared\n")
    assert box.ctl("clear", "cloud") == (1, "")
    assert capsys.readouterr().err == "refused: there is no cloud schedule\n"


def test_what_cannot_be_used_is_wrong_input_and_a_box_that_is_silent_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = house().model_copy(update={"run_folder": str(tmp_path)})

    def ctl(*words: str) -> int:
        chosen = command_line().parse_args(["ctl", "schedule", *words])
        return schedule.run(chosen, site, io.StringIO())

    file = tmp_path / "plan.json"
    file.write_text("no json")
    assert ctl("put", str(file)) == 2
    assert "invalid JSON" in capsys.readouterr().err
    assert ctl("put", str(tmp_path / "nothing")) == 2
    assert "cannot be read: No such file" in capsys.readouterr().err
    file.write_text(" " * 1_000_001)
    assert ctl("put", str(file)) == 2
    monkeypatch.setattr(schedule, "WAIT_S", 0.05)
    assert ctl("list") == 1
    assert "does not answer" in capsys.readouterr().err


def test_status_tells_of_both() -> None:
    one = story(house(external_control={}))
    one.ask(PutSchedule("local", (entry(0.0, 200.0, 100.0), entry(200.0, 300.0, 50.0))))
    memory = one.cycle.memory
    status = Status(
        "s", "1", 0.0, seen(one.now_s, memory=memory), one.last, {}, {}, 1.0, 10.0, 5_000.0
    )
    words = schedule.steering_words(status)
    assert words["external"] is None
    assert words["schedules"] == [
        {"source": "local", "entries": 2, "until": after(300.0), "now": entry(0.0, 200.0, 100.0)}
    ]
    one.ask(ClearSchedule("local"))
    assert one.last.schedules == ()
