"""The report of a test of the backup: kept as a file, shown by ctl, remembered over a restart."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest

from appliance.arguments import command_line
from appliance.ctl import backup
from appliance.ctl.asking import Ctl
from appliance.model import BackupReport, IslandFigures, Memory, TryBackup, Want
from appliance.recall import with_report
from appliance.site import SiteSettings
from appliance.store.reports import KEPT, keep_report, last_report, reports
from tests.modes.islands import with_backup
from tests.stories import NOON

FIGURES = IslandFigures(
    opened_s=0.5, carried_after_s=2.5, left_s=400.0, lowest_v=229.0, highest_v=231.0,
    lowest_hz=49.98, highest_hz=50.02, highest_w=1_520.0, carried_wh=125.3, soc_before_pct=60.0,
    soc_after_pct=58.7,
)  # fmt: skip
PASSED = BackupReport(NOON, NOON, "ctl", 300.0, True, (), FIGURES, 4.5)
FAILED = msgspec.structs.replace(
    PASSED, began_at=NOON + timedelta(days=1), passed=False, reasons=("dark for 16.0 s",),
    figures=IslandFigures(), back_s=None,
)  # fmt: skip


def site(tmp_path: Path) -> SiteSettings:
    return with_backup().model_copy(update={"data_folder": str(tmp_path)})


def shown(site: SiteSettings, *words: str) -> tuple[int, str]:
    out = StringIO()
    chosen = command_line().parse_args(["ctl", "backup", *words])
    return backup.run(chosen, site, out), out.getvalue()


def test_reports_are_kept_newest_first_and_not_for_ever(tmp_path: Path) -> None:
    assert last_report(tmp_path) is None
    for day in range(KEPT + 3):
        keep_report(tmp_path, msgspec.structs.replace(PASSED, began_at=NOON + timedelta(days=day)))
    keep_report(tmp_path, msgspec.structs.replace(FAILED, began_at=NOON + timedelta(days=99)))
    (tmp_path / "backup" / "20990101T000000Z.json").write_text("half of")
    assert len(reports(tmp_path)) == KEPT
    newest = last_report(tmp_path)
    assert newest is not None
    assert (newest.passed, newest.reasons) == (False, ("dark for 16.0 s",))


def test_ctl_shows_the_last_one(tmp_path: Path) -> None:
    keep_report(tmp_path, PASSED)
    code, text = shown(site(tmp_path), "report")
    assert code == 0
    for line in (
        "verdict     passed",
        "house dark  for 2.5 s",
        "carried     125.3 Wh, at most 1520 W",
        "voltage     229.0 V to 231.0 V",
        "frequency   49.98 Hz to 50.02 Hz",
        "charge      60.0 % to 58.7 %",
        "back        after 4.5 s",
    ):
        assert line in text
    keep_report(tmp_path, FAILED)
    assert "verdict     FAILED: dark for 16.0 s" in shown(site(tmp_path), "report")[1]
    assert shown(site(tmp_path), "report")[1].count("verdict") == 1
    assert shown(site(tmp_path), "report", "--all")[1].count("verdict") == 2
    code, text = shown(site(tmp_path), "report", "--json")
    assert msgspec.json.decode(text, type=BackupReport) == FAILED


def test_ctl_says_why_there_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(site(tmp_path), "report") == (1, "")
    assert "was not tested yet" in capsys.readouterr().err
    bare = site(tmp_path).model_copy(update={"features": type(site(tmp_path).features)()})
    assert shown(bare, "report") == (1, "")
    assert "the feature backup is off" in capsys.readouterr().err


def test_a_restart_remembers_it(tmp_path: Path) -> None:
    assert with_report(Memory(), tmp_path) == Memory()
    keep_report(tmp_path, FAILED)
    assert with_report(Memory(), tmp_path).backup.report == FAILED


# ---------------------------------------------------------------- asking for a test


@pytest.mark.parametrize("typed", ["nan", "5", "9.9", "3601", "-inf", "soon"])
def test_a_length_that_no_test_has_is_wrong_input(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line().parse_args(["ctl", "backup", "test", f"--for={typed}"])
    assert ended.value.code == 2
    assert f"{typed!r}: must be a number of seconds between 10 and 3600" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ok", "words", "says"),
    [(True, (), backup.LOOK), (True, ("--json",), ""), (False, (), "")],
)
def test_what_was_begun_says_where_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ok: bool, words: tuple[str, ...], says: str
) -> None:
    asked: list[Want] = []

    def ask(_ctl: Ctl, want: Want) -> int:
        asked.append(want)
        return 0 if ok else 1

    monkeypatch.setattr(Ctl, "ask", ask)
    here = site(tmp_path).model_copy(update={"run_folder": str(tmp_path)})
    assert shown(here, "test", "--for", "10", *words) == (0 if ok else 1, says)
    assert asked == [TryBackup(10.0)]
