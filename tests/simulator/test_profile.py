"""Profiles: what is read, what is refused, what a gap is."""

from pathlib import Path

import pytest

from simulator.models.profile import ProfileError, load_profile, parse_profile
from simulator.profiles.make_profiles import DAYS, Day, text

PROFILES = Path(__file__).parents[2] / "simulator" / "profiles"
HEAD = "utc,load_w,pv_w"


def rows(*lines: str) -> list[str]:
    return ["# a comment", HEAD, *lines]


def test_a_row_holds_until_the_next_and_the_end_is_the_beginning() -> None:
    profile = parse_profile(
        rows(
            "2026-01-01T00:00:00Z,100,0",
            "2026-01-01T00:10:00Z,200,50",
            "2026-01-01T00:20:00Z,300,60",
        )
    )
    assert [profile.at(s).load_w for s in (0, 599.9, 600, 1_200, 1_799)] == [
        100,
        100,
        200,
        300,
        300,
    ]
    assert (profile.period_s, profile.at(1_800).load_w, profile.at(1_800 * 7 + 601).load_w) == (
        1_800,
        100,
        200,
    )
    assert profile.at(3).load_w == 100, "going back works as well"
    assert profile.at(3).frequency_hz is None


def test_blank_is_a_gap_and_a_missing_row_is_one() -> None:
    lines = [
        f"2026-01-01T{m // 60:02}:{m % 60:02}:00+00:00,{m},5" for m in range(0, 300, 5) if m != 100
    ]
    lines[3] = "2026-01-01T00:15:00Z,,5"
    profile = parse_profile(rows(*lines))
    assert profile.at(15 * 60).load_w is None
    assert profile.at(15 * 60).pv_w == 5
    assert profile.at(100 * 60).load_w is None
    assert profile.at(105 * 60).load_w == 105


def test_a_time_without_zone_is_utc_and_others_are_converted() -> None:
    profile = parse_profile(rows("2026-01-01T23:00:00,1,1", "2026-01-02T01:00:00+01:00,2,2"))
    assert profile.start_at.isoformat() == "2026-01-01T23:00:00+00:00"
    assert profile.at(3_600).load_w == 2
    assert profile.seconds_to(1, 30) == 2.5 * 3_600


def test_all_mistakes_at_once_with_line_field_and_value(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "\n".join(rows("2026-01-01T00:00:00Z,12x,0", "noon,1,nan", "2025-01-01T00:00:00Z,1,1e99,7"))
    )
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    message = str(caught.value)
    for part in (
        "bad.csv:3: load_w = '12x' is not a number",
        "bad.csv:4: utc = 'noon' is not a time",
        "bad.csv:4: pv_w = 'nan' is not between",
        "bad.csv:5: pv_w = '1e99' is not between",
        "bad.csv:5: utc = 2025-01-01T00:00:00+00:00 is not after the row before",
        "bad.csv:5: 4 cells for 3 columns",
    ):
        assert part in message


@pytest.mark.parametrize(
    "lines", [[], ["load_w", "1", "2"], ["utc,watts", "2026-01-01,1", "2026-01-02,2"]]
)
def test_no_profile_at_all(lines: list[str]) -> None:
    with pytest.raises(ProfileError, match="needs"):
        parse_profile(lines)


def test_unknown_columns_are_named() -> None:
    profile = parse_profile(["utc,load_w,laod_w", "2026-01-01,1,2", "2026-01-02,1,2"])
    assert (profile.ignored, profile.columns) == (("laod_w",), frozenset({"load_w"}))


def test_missing_file() -> None:
    with pytest.raises(ProfileError, match=r"nowhere\.csv: cannot be read"):
        load_profile(Path("nowhere.csv"))


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.name)
def test_the_shipped_profiles_are_what_the_script_makes(day: Day) -> None:
    name = day.name
    assert (PROFILES / f"{name}.csv").read_text() == text(day)
    profile = load_profile(PROFILES / f"{name}.csv")
    assert (profile.period_s, len(profile.rows), profile.ignored) == (86_400.0, 1_440, ())
    assert all(row.load_w is not None and row.load_w > 100.0 for row in profile.rows)


def test_kilowatts_and_pence_are_read_where_there_is_nothing_else() -> None:
    head = "utc,import_p_per_kwh,export_p_per_kwh,pv_kw,load_kw,load_w"
    profile = parse_profile(
        [head, "2026-01-01T00:00,17.5,-0.2,1.25,9,300", "2026-01-01T00:30,20,,0,9,400"]
    )
    now = profile.at(0.0)
    assert (now.pv_w, now.load_w) == (1_250.0, 300.0)
    assert now.import_price_per_kwh == pytest.approx(0.175)
    assert now.export_price_per_kwh == pytest.approx(-0.002)
    assert profile.ignored == ("load_kw",)
