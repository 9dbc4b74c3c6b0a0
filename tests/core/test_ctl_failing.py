"""`appliance ctl` that fails: exit codes, a reason for programs, and what a person is told to do."""

import io
import json
import tomllib
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.arguments import command_line
from appliance.blackbox.files import Entry
from appliance.bus import NO_ANSWER
from appliance.ctl import recordings, tune
from appliance.ctl.failing import pin_hint, with_reason
from appliance.ctl.market import market_text
from appliance.ctl.wants import want_of
from appliance.model import Answer, Market, PriceStep, SetExternal, SetPower
from appliance.processes import ProcessLock
from tests.modes.houses import beside, house
from tests.modes.test_tuning import FINE
from tests.stories import HOME, NOON

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The home, in folders of its own, where nothing runs."""
    monkeypatch.chdir(tmp_path)
    folders = [
        line for line in HOME.read_text().splitlines()
        if not line.startswith(("run_folder", "data_folder"))
    ]  # fmt: skip
    file = tmp_path / "site.toml"
    file.write_text('run_folder = "run"\ndata_folder = "data"\n' + "\n".join(folders))
    (tmp_path / "run").mkdir()
    assert tomllib.loads(file.read_text())["run_folder"] == "run"
    return str(file)


def ctl(site: str, capsys: Captured, *words: str) -> tuple[int, str, str]:
    code = main(["ctl", *words, "--site", site])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


WRONG = [
    (("mode", "self_comsumption"), "mode = 'self_comsumption' is not known; there is: axle_sched"),
    (("tune", "--power", "0"), "--power = 0 must be above 0, at most 5000"),
    (("tune", "--power", "1e9"), "--power = 1e+09 must be above 0, at most 5000"),
    (("schedule", "put", "nowhere.json"), "nowhere.json: cannot be read: No such file"),
    (("blackbox", "export", "nose"), "no recording 'nose'; there are none in "),
]


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_wrong_words_are_2_and_seen_without_a_box(
    words: tuple[str, ...], says: str, site: str, capsys: Captured
) -> None:
    code, out, err = ctl(site, capsys, *words)
    assert (code, out) == (2, "")
    assert says in err
    code, out, err = ctl(site, capsys, *words, "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (2, False)
    assert says in told["reason"]
    assert says in err, "for whoever reads the journal"


@pytest.mark.parametrize("words", [("setpoint", "many"), ("nose",), ("state", "up"), ()])
def test_what_cannot_be_parsed_has_a_reason_too(words: tuple[str, ...], capsys: Captured) -> None:
    assert main(["ctl", "--json", *words]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert "error: " in told["reason"]


def test_a_site_that_cannot_be_read_has_a_reason_too(capsys: Captured) -> None:
    assert main(["ctl", "status", "--json", "--site", "nowhere.toml"]) == 2
    assert "nowhere.toml" in json.loads(capsys.readouterr().out)["reason"]


SILENT = [
    ("status",), ("market",), ("schedule", "list"), ("schedule", "clear"), ("state", "run"), ("tune",),
    ("test", "power", "500"),
]  # fmt: skip


@pytest.mark.parametrize("words", SILENT, ids=" ".join)
def test_where_no_box_runs_it_says_what_to_start(
    words: tuple[str, ...], site: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.bus.CoreClient.status", lambda _self, _timeout_s: None)
    monkeypatch.setattr(
        "appliance.bus.CoreClient.ask",
        lambda _self, _want: Answer("", False, NO_ANSWER),
    )
    code, out, err = ctl(site, capsys, *words)
    assert (code, out) == (1, "")
    assert err == (
        f"{NO_ANSWER}; no process of it runs (run): "
        "start the box, its service or `appliance run --site FILE`\n"
    )
    code, out, _ = ctl(site, capsys, *words, "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (1, False)
    assert NO_ANSWER in told["reason"]
    with ProcessLock(Path("run"), "core"):
        assert ctl(site, capsys, *words)[2] == f"{NO_ANSWER}; alive: core (run)\n"


def test_what_has_been_printed_is_not_followed_by_another_object() -> None:
    out, err = io.StringIO(), io.StringIO()

    def refused() -> int:
        print('{"ok":false,"reason":"no"}')
        return 1

    assert with_reason(refused, out, err) == 1
    assert json.loads(out.getvalue())["reason"] == "no"


def test_both_powers_can_be_taken_back() -> None:
    def want(*words: str) -> object:
        chosen = command_line().parse_args(["ctl", *words])
        return want_of(chosen.what, vars(chosen))

    assert want("setpoint", "off") == SetPower(None, 60.0)
    assert want("external", "off") == SetExternal(None, 60.0)
    assert want("setpoint", "0") == SetPower(0.0, 60.0)


def test_a_test_that_lacks_the_pin_says_how_to_give_it() -> None:
    lacks = "outside maintenance a test needs the installer's PIN"
    assert pin_hint(lacks) == f"{lacks}: add --pin; set it with `appliance config pin FILE`"
    assert pin_hint("wrong PIN") == "wrong PIN"


def test_tune_proposes_for_every_mode_that_regulates_here() -> None:
    alone, shaved = house(self_consumption={}), house(self_consumption={}, peak_shaving={})
    assert tune.regulating(alone, "self_consumption") == ("self_consumption",)
    both = ("self_consumption", "peak_shaving")
    assert tune.regulating(beside(shaved, "peak_shaving"), "self_consumption") == both
    assert tune.regulating(alone, "peak_shaving") == both
    out = io.StringIO()
    assert tune.told(FINE, out, both) == 0
    document = tomllib.loads(out.getvalue().partition("\n\n")[2])
    assert document["modes"]["peak_shaving"] == document["modes"]["self_consumption"]
    assert document["modes"]["peak_shaving"]["pid"] == {"kp": 0.2, "ki_per_s": 1.11}


def test_tune_for_programs() -> None:
    out = io.StringIO()
    assert tune.told(FINE, out, as_json=True) == 0
    told = json.loads(out.getvalue())
    assert (told["ok"], told["found"]["dead_s"], told["lines"][1]) == (True, 1.1, "meter_late_s = 0.3")  # fmt: skip


def test_times_of_the_market_are_utc() -> None:
    there = timezone(timedelta(hours=2))
    price = PriceStep(NOON.astimezone(there), (NOON + timedelta(hours=1)).astimezone(there), 0.3, 0.1)  # fmt: skip
    assert "until 2026-06-21 13:00 UTC" in market_text(Market(price=price), "EUR")


@pytest.mark.parametrize("lines", ["", "\n\n"])
def test_a_recording_of_nothing(lines: str, site: str, tmp_path: Path, capsys: Captured) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text(lines)
    assert main(["replay", "--site", site, str(empty)]) == 2
    assert capsys.readouterr().err == f"{empty} holds nothing\n"


def test_one_is_one(tmp_path: Path) -> None:

    one = Entry(tmp_path / "a.jsonl.gz", 1_500_000, None)
    assert recordings._megabytes([one]) == "1 recording, 1.5 MB"
    assert recordings._megabytes([one, one]) == "2 recordings, 3.0 MB"
