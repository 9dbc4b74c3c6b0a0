"""Virtual days through the production cycle: sums in Wh, and the same result twice."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from appliance.__main__ import main
from tests.stories import HOME

SUNNY = HOME.parent.parent / "profiles" / "sunny.csv"
SHARED = Path(__file__).parents[3] / "shared" / "data"


def simulate(out: Path, *extra: str, profile: Path = SUNNY, days: str = "1") -> dict[str, Any]:
    fixed = ["--site", str(HOME), "--profile", str(profile), "--days", days, "--out", str(out)]
    assert main(["simulate", *fixed, *extra]) == 0
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("day")
    simulate(out)
    return out


def test_the_same_twice_bit_for_bit(day: Path, tmp_path: Path) -> None:
    simulate(tmp_path)
    for name in ("timeseries.csv", "summary.json"):
        first, second = (day / name).read_bytes(), (tmp_path / name).read_bytes()
        drop = [line for line in first.splitlines() if b"wall_s" not in line]
        assert drop == [line for line in second.splitlines() if b"wall_s" not in line]


def test_a_sunny_day_in_golden_sums(day: Path) -> None:
    summary = json.loads((day / "summary.json").read_text())
    golden = json.loads((Path(__file__).parent / "sunny.json").read_text())
    summary.pop("wall_s")
    # Intended changes: `python -m tests.days.test_simulate` accepts them, the diff is reviewed.
    assert summary.pop("limit_minutes") == golden.pop("limit_minutes")
    assert summary.pop("errors") == golden.pop("errors") == []
    assert summary == pytest.approx(golden, rel=1e-6)


def test_energy_is_neither_made_nor_lost(day: Path) -> None:
    summary = json.loads((day / "summary.json").read_text())
    into_bus = summary["grid_import_wh"] + summary["pv_wh"] + summary["discharge_wh"]
    out_of_bus = summary["grid_export_wh"] + summary["load_wh"] + summary["charge_wh"]
    assert into_bus == pytest.approx(out_of_bus, abs=1.0)


def test_self_consumption_keeps_the_grid_near_zero(day: Path) -> None:
    with (day / "timeseries.csv").open() as file:
        rows = list(csv.DictReader(file))
    free = [float(row["grid_w"]) for row in rows if row["state"] == "run" and not row["limit"]]
    near = [grid_w for grid_w in free if abs(grid_w) < 100.0]
    assert len(free) > 600
    assert len(near) / len(free) > 0.95


def test_self_consumption_imports_less_than_passive(day: Path, tmp_path: Path) -> None:
    active = json.loads((day / "summary.json").read_text())
    passive = simulate(tmp_path, "--mode", "passive")
    assert active["grid_import_wh"] < passive["grid_import_wh"] / 2
    assert passive["charge_wh"] + passive["discharge_wh"] < 100.0


def test_the_reserve_is_kept_and_an_empty_box_sleeps(tmp_path: Path) -> None:
    simulate(tmp_path, "--soc", "20", profile=SUNNY.with_name("winter.csv"))
    with (tmp_path / "timeseries.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert min(float(row["soc_pct"]) for row in rows) > 9.9
    assert "sleep" in {row["state"] for row in rows}
    assert max(float(row["battery_w"]) for row in rows) > 500.0


def test_the_report_opens_without_a_network(day: Path) -> None:
    page = (day / "report.html").read_text()
    assert page.count("<svg") == 6
    assert "All times are UTC" in page
    assert page.count("<polyline") >= 10
    assert "http" not in page
    assert "<title>self_consumption\nSelf-consumption wants" in page
    assert "nan" not in page


def test_who_names_a_mode_gets_it_whatever_the_schedule_says(tmp_path: Path) -> None:
    text = (
        HOME.read_text()
        + '\n[[control.schedule]]\nmode = "passive"\nduring = [{ start = "06:00", end = "12:00" }]\n'
    )
    site = tmp_path / "site.toml"
    site.write_text(text)
    fixed = ["--site", str(site), "--profile", str(SUNNY), "--step", "10", "--out", str(tmp_path)]
    modes = []
    for extra in ([], ["--mode", "load_matching"]):
        assert main(["simulate", *fixed, *extra]) == 0
        with (tmp_path / "timeseries.csv").open() as file:
            modes.append({row["mode"] for row in csv.DictReader(file)})
    assert modes == [{"passive", "self_consumption"}, {"load_matching"}]


def test_columns_that_nobody_knows_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "p.csv"
    rows = "".join(f"2026-06-21T{hour:02}:00Z,500,0\n" for hour in range(24))
    profile.write_text("\ufeffutc,load_w,pv\n" + rows)
    fixed = [
        "--site",
        str(HOME),
        "--profile",
        str(profile),
        "--days",
        "0.01",
        "--out",
        str(tmp_path),
    ]
    assert main(["simulate", *fixed]) == 0
    assert "p.csv: not used: pv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (["--mode", "backup"], "--mode backup: "),
        (["--step", "11"], "--step 11: must be between 0.02 and 10"),
        (["--mode", "levitation"], "no such mode; there is: axle_schedule"),
        (["--days", "-1"], "--days -1: must be between"),
        (["--soc", "120"], "--soc 120: must be between 0 and 100"),
    ],
)
def test_wrong_input_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: list[str], sentence: str
) -> None:
    fixed = ["--site", str(HOME), "--profile", str(SUNNY), "--out", str(tmp_path / "out")]
    assert main(["simulate", *fixed, *extra]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_profile_with_mistakes_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile = tmp_path / "p.csv"
    profile.write_text("utc,load_w\n2026-01-01T00:00Z,much\n2026-01-01T00:01Z,1e99\n")
    fixed = ["--site", str(HOME), "--profile", str(profile), "--out", str(tmp_path / "out")]
    assert main(["simulate", *fixed]) == 2
    text = capsys.readouterr().err
    assert "p.csv:2" in text
    assert "p.csv:3" in text


@pytest.mark.skipif(not SHARED.exists(), reason="measured data are not shipped")
def test_a_measured_household_with_gaps(tmp_path: Path) -> None:
    profile = SHARED / "home_load_pv_30min_2024.csv"
    summary = simulate(tmp_path, "--step", "5", profile=profile, days="14")
    assert summary["errors"] == []
    assert summary["load_wh"] > 10_000.0
    assert summary["grid_import_wh"] < summary["load_wh"]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        accepted = simulate(Path(folder))
    accepted.pop("wall_s")
    text = json.dumps(accepted, indent=2) + "\n"
    (Path(__file__).parent / "sunny.json").write_text(text)
