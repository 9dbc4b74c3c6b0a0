"""What does not fit together in site.toml is told all at once; what can never work is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from appliance.config import SiteError, load_site
from appliance.site.periods import Period
from tests.core.test_features import written

BESIDE = '[[control.beside]]\nmode = "peak_shaving"\n'
SCHEDULED = '[[control.schedule]]\nmode = "{}"\nduring = [{}]\n'
NIGHT, LATE = '{ start = "22:00", end = "06:00" }', '{ start = "23:00", end = "06:00" }'
MARKET = '[market]\nfolder = "build/market"\n'


def mistakes(path: Path) -> tuple[str, ...]:
    with pytest.raises(SiteError) as refused:
        load_site(path)
    return refused.value.mistakes


def test_three_mistakes_in_three_sections_are_three(tmp_path: Path) -> None:
    more = '[features]\ncluster = true\n[control]\nstart_mode = "backup"\n'
    path = written(tmp_path, more, **{"build/run/run": "build/run/data"})
    path.write_text(path.read_text().replace('bus = "can0"', 'bus = "can7"'))
    told = "\n".join(mistakes(path))
    for one in (
        "data_folder = run_folder = 'build/run/data': one survives",
        "features.cluster = true: this version has no cluster yet",
        "control.start_mode = 'backup': the feature backup is off",
        "battery.bus = 'can7' is not in buses",
    ):
        assert one in told


def test_a_section_that_is_wrong_by_itself_hides_no_other_mistake(tmp_path: Path) -> None:
    more = "[features]\ncluster = true\n[control]\nperiod_s = 0\n[relays]\nfan = 5\n[colour]\n"
    more += '[battery.sleep]\nmeans = "relay"\nrelay = "fan"\n'
    path = written(tmp_path, more, **{"build/run/run": "build/run/data"})
    assert sorted(one.partition(" ")[0].rstrip(":") for one in mistakes(path)) == [
        "colour", "control.period_s", "data_folder", "features.cluster", "relays.fan",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (BESIDE + BESIDE, "beside.1 and beside.0 have the same mode: peak_shaving"),
        (SCHEDULED.format("passive", NIGHT) + SCHEDULED.format("passive", NIGHT),
         "schedule.1 (passive) is never in use: entries before it have the same hours"),
        (SCHEDULED.format("passive", NIGHT) + SCHEDULED.format("charge_only", NIGHT),
         "schedule.1 (charge_only) is never in use"),
        (SCHEDULED.format("passive", '{ start = "24:00", end = "06:00" }'), "control.schedule.0.during.0.start"),
        (MARKET + 'prices = "all.json"\nplan = "all.json"\n', "plan and prices have the same file: all.json"),
        ('[control]\npriorities = ["passive", "backup", "passive"]\n',
         "priorities.2 and priorities.0 have the same place: passive"),
    ],
)  # fmt: skip
def test_what_can_never_work_is_refused(tmp_path: Path, more: str, says: str) -> None:
    assert says in "\n".join(mistakes(written(tmp_path, more)))


def test_entries_may_overlap_and_the_first_counts(tmp_path: Path) -> None:
    more = SCHEDULED.format("passive", LATE) + SCHEDULED.format("charge_only", NIGHT)
    noon = '{ start = "12:00", end = "13:00" }'
    more += SCHEDULED.format("self_consumption", f"{NIGHT}, {noon}")
    more += BESIDE + 'during = [{ start = "22:00" }]\n' + MARKET
    assert len(load_site(written(tmp_path, more)).control.schedule) == 3


@pytest.mark.parametrize(
    "zone", ["posixrules", "localtime", "Factory", "posix/Europe/Oslo", "right/UTC"]
)
def test_what_is_no_place_is_no_time_zone(zone: str) -> None:
    with pytest.raises(ValidationError, match="no such time zone"):
        Period(zone=zone)
    assert Period(zone="Europe/Oslo", end="24:00").zone == "Europe/Oslo"
