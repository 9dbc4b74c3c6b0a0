"""Full, empty and rested are found without the current's and the temperature's part; curves are checked."""

from pathlib import Path

import pytest

from appliance.data_file import DataFileError
from appliance.io.bms.cells import Ends, Held, Sample, cells_in_series, open_v, sample, spread_v
from appliance.io.bms.curves import FOLDER, load_cell
from tests.stories import battery, rack

LFP = load_cell("lfp")
AH, OHM = 26.0, 0.002


def instant(at_s: float, volts: float, current_a: float = 0.0, warm_c: float = 25.0) -> Sample:
    return Sample(at_s, current_a, 400.0, 50.0, volts, volts, volts, warm_c, (1,))


def end(volts: float, current_a: float, seconds: int = 61, warm_c: float = 25.0) -> float | None:
    ends = Ends(LFP, LFP.full_v, LFP.empty_v, 2.0)
    found = None
    for second in range(seconds + 1):
        found = ends.update(instant(float(second), volts, current_a, warm_c), 0.0, AH, OHM)
    return found


@pytest.mark.parametrize(
    ("volts", "current_a", "found"),
    [
        (3.50, -1.0, 100.0),
        (3.481, -1.0, None),
        (3.479, 0.5, 100.0),
        (3.50, -2.0, None),
        (3.60, 1.0, None),
        (3.47, 0.0, None),
        (2.79, 1.0, 0.0),
        (2.79, 10.0, None),
        (2.77, 10.0, 0.0),
        (2.79, -1.0, None),
        (3.30, 0.0, None),
    ],
    ids=[
        "full", "only the current lifts it", "the current lowers it", "charging on", "discharging",
        "almost", "empty", "only the current lowers it", "empty under load", "being charged", "middle",
    ],
)  # fmt: skip
def test_ends_are_known_without_the_current(
    volts: float, current_a: float, found: float | None
) -> None:
    assert end(volts, current_a) == found


def test_an_end_must_last() -> None:
    assert end(3.50, -1.0, 59) is None
    assert end(3.50, -1.0, 60) == 100.0
    assert end(2.70, 1.0, 9) is None
    assert end(2.70, 1.0, 10) == 0.0


def test_what_is_held_is_held_without_a_gap() -> None:
    held = Held(10.0, 2.0)
    assert not any(held.update(True, float(at)) for at in range(10))
    assert held.update(True, 10.0)
    assert not held.update(True, 20.0), "nobody looked"
    assert not held.update(False, 21.0)


def test_temperature_moves_the_curve() -> None:
    assert LFP.open_v(5.0, 5.0) == pytest.approx(LFP.open_v(5.0) + 20.0 * 0.0003)
    for soc_pct in (1.0, 4.0, 8.0, 55.0, 97.5, 99.5):
        for warm_c in (-10.0, 25.0, 45.0):
            assert LFP.soc_at(LFP.open_v(soc_pct, warm_c), warm_c) == pytest.approx(
                soc_pct, abs=1.0
            )


def test_under_load_a_cell_shows_less_than_it_has() -> None:
    assert open_v(3.2, 50.0, 0.002) == pytest.approx(3.3)
    assert open_v(3.4, -50.0, 0.002) == pytest.approx(3.3)


def test_cold_cells_resist_more() -> None:
    nmc = load_cell("nmc")
    assert LFP.warmth(0.0) == pytest.approx(1.9)
    assert (LFP.warmth(25.0), LFP.warmth(None), nmc.warmth(25.0)) == (1.0, 1.0, 1.0)


def test_a_plateau_tells_nothing_and_a_slope_does() -> None:
    assert [LFP.steep_at(soc) for soc in (3.0, 50.0, 80.0, 99.5)] == [True, False, False, True]
    assert all(load_cell("nmc").steep_at(float(soc)) for soc in range(101))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_curve_can_be_used(path: Path) -> None:
    cell = load_cell(path.stem)
    assert cell.empty_v < cell.nominal_v < cell.full_v
    assert cell.warmth(25.0) == 1.0


def test_a_wrong_curve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="there is: lfp, nmc"):
        load_cell("lead")
    text = (FOLDER / "lfp.toml").read_text()
    for wrong in (
        text.replace("soc_pct = [0.0, 1.0", "soc_pct = [1.0, 0.0"),
        text.replace("ocv_v = [2.60, ", "ocv_v = ["),
        text.replace("full_v", "ful_v"),
        "= 3",
    ):
        (tmp_path / "wrong.toml").write_text(wrong)
        with pytest.raises(DataFileError, match=r"wrong\.toml"):
            load_cell("wrong", tmp_path)


def test_only_racks_that_carry_current_are_looked_at() -> None:
    both = battery(rack(1), rack(2, contactors_closed=False, cell_max_v=3.9, cell_min_v=2.0))
    now = sample(both, 1.0)
    assert (now.cell_max_v, now.cell_min_v, now.joined) == (3.30, 3.28, (1,))
    assert spread_v(both) == pytest.approx(0.02)
    assert cells_in_series(both) == round(420.0 / 3.29)


def test_what_a_rack_does_not_say_is_not_known() -> None:
    now = sample(battery(rack(1), rack(2, cell_max_v=None, cell_avg_c=None, cell_max_c=None)), 1.0)
    assert (now.cell_max_v, now.temperature_c, now.cell_min_v) == (None, None, 3.28)
