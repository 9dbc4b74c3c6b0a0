"""A mistake tells what is allowed as people say it: both ends of a range, no pattern, one line and one time each."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.allowed import PATTERNS
from appliance.config import SiteError, load_site, schema
from tests.core.test_features import written
from tests.core.test_mistakes_together import mistakes

ENTRY = '[[control.schedule]]\nmode = "passive"\nduring = '
MARKET = '[market]\nfolder = "x"\n'
NAME = "must be a name of 1 to 40 small letters, digits and _ that begins with a letter"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[control]\nperiod_s = 0\n", "control.period_s = 0: must be between 0.02 and 0.3"),
        ("[control]\nperiod_s = 1.0\n", "control.period_s = 1.0: must be between 0.02 and 0.3"),
        ('[control]\nperiod_s = "1"\n', 'control.period_s = "1": must be a number, between 0.02 and 0.3'),
        ("[control]\nramp_w_per_s = nan\n", "control.ramp_w_per_s = NaN: must be above 0 and at most 10000000"),
        ('[control]\nstart_mode = ""\n', f'control.start_mode = "": {NAME}'),
        ("[modes]\nself_consumption = 5\n", "modes.self_consumption = 5: must be a table of settings"),
        ("[modes.Self]\n", f"modes.Self: {NAME}"),
        ('[modes.charge_only]\nby = "7:00"\n',
         'modes.charge_only.by = "7:00": must be a clock time such as 07:00, from 00:00 to 23:59'),
        ("[modes.self_consumption]\ndead_band_w = -1.0\n",
         "modes.self_consumption.dead_band_w = -1.0: must be between 0 and 100000000"),
        (ENTRY + "[]\n", "control.schedule.0.during: must have at least 1 entry"),
        (ENTRY + '[{ start = "24:00" }]\n',
         'control.schedule.0.during.0.start = "24:00": must be a clock time such as 07:00, from 00:00 to 23:59'),
        (ENTRY + '[{ end = "7:00" }]\n',
         'control.schedule.0.during.0.end = "7:00": must be a clock time such as 07:00, up to 24:00'),
        (ENTRY + "5\n", "control.schedule.0.during = 5: must be a list in square brackets"),
        (MARKET + 'currency = "euro"\n',
         'market.currency = "euro": must be a currency code of three capital letters such as EUR'),
        (MARKET + 'prices = "a/b.csv"\n', 'market.prices = "a/b.csv": must be a file name of letters, digits, '
         "_ . and - (no folder) that ends with .json or .csv"),
        ('[buses.line]\nkind = "modbus_tcp"\nhost = "127.0.0.1"\nport = 0\n',
         "buses.line.port = 0: must be between 1 and 65535"),
        ('[buses.line]\nkind = "lxp_dongle"\nhost = "h"\ndongle_serial = "1"\ninverter_serial = "1234567890"\n',
         'buses.line.dongle_serial = "1": must be a serial number of 10 letters and digits'),
    ],
)  # fmt: skip
def test_one_mistake_is_one_line_in_words(tmp_path: Path, more: str, says: str) -> None:
    assert mistakes(written(tmp_path, more)) == (says,)


def test_several_of_one_check_are_a_line_each(tmp_path: Path) -> None:
    path = written(
        tmp_path, "[features]\ncluster = true\nsleep = true\n[grid]\noperating_low_hz = 48.0\n"
    )
    path.write_text(
        path.read_text().replace("operating_low_hz = 48.0", "recommended_high_hz = 52.0")
    )
    assert mistakes(path) == (
        "grid.recommended_high_hz = 52 must be between 47.5 and 51.5, where all stops",
        "features.cluster = true: this version has no cluster yet",
        "features.sleep = true: this battery has no means to sleep (battery.sleep.means in site.toml)",
    )


def test_a_section_tells_all_that_contradicts_itself(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[grid]\noperating_low_hz = 51.5\nlost_pu = 0.5\nrecommended_low_pu = 0.4\n",
        **{"comm_timeout_s = 2": "comm_timeout_s = 9\nmax_reactive_var = 90e3\npoll_s = 3.0"},
    )
    assert [one.partition(" must")[0] for one in mistakes(path)] == [
        "inverter: poll_s = 3",
        "inverter: max_reactive_var = 90000",
        "inverter: comm_timeout_s = 9",
        "grid: operating_low_hz = 51.5",
        "grid: lost_pu = 0.5",
        "inverter.max_reactive_var = 90000.0: trumpf_ac3025, set up so, cannot be told reactive power;",
    ]


def test_charging_is_never_allowed_where_discharging_is_not(tmp_path: Path) -> None:
    levels = "discharge_min_c = 3.0\ncharge_min_c = 2.0\nhot_c = 50.0\ncharge_hot_c = 52.0\nwarm_c = 49.0\n"
    path = written(tmp_path, f"[battery.cell_temperature]\n{levels}")
    assert mistakes(path)[-2:] == (
        "battery.cell_temperature: charge_min_c = 2.0 must not be below discharge_min_c = 3.0",
        "battery.cell_temperature: charge_hot_c = 52.0 must not be above hot_c = 50.0",
    )


def test_lengths_have_both_ends(tmp_path: Path) -> None:
    path = written(tmp_path, "", **{"Nordhavn 3": ""})
    with pytest.raises(
        SiteError, match='name = "": must have at least 1 and at most 24 characters'
    ):
        load_site(path)


def patterns(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["pattern"]] if isinstance(part.get("pattern"), str) else []
        yield from [one for inner in part.values() for one in patterns(inner)]
        yield from part.get("patternProperties", {})
    elif isinstance(part, list):
        yield from [one for inner in part for one in patterns(inner)]


def test_every_pattern_has_words() -> None:
    assert set(patterns(json.loads(json.dumps(schema())))) <= set(PATTERNS)
    assert len(set(patterns(schema()))) >= 6
