"""Modes beside one another from the command line: named in every line, their answers told."""

from pathlib import Path

from msgspec.structs import replace

from appliance.ctl.asking import _line_text, _status_text, status_words
from appliance.gui.scenes import BY_NAME
from appliance.model import Status


def of(name: str) -> Status:
    seen = BY_NAME[name].status
    assert seen is not None
    return seen


def test_the_modes_beside_are_named_and_told(tmp_path: Path) -> None:
    seen = of("why_many")
    lines = _status_text(seen).splitlines()
    assert "mode     Self-consumption, from site.toml" in lines
    assert "beside   Peak shaving, Maintenance charge, Charge to energy" in lines
    at = next(number for number, line in enumerate(lines) if line.startswith("asked"))
    assert lines[at : at + 4] == [
        "asked    Peak shaving        wants nothing; at least -2400 W, at most 7400 W; nothing to shave; holds back",
        "         Maintenance charge  wants nothing; the next is due on 2026-07-02",
        "         Charge to energy    wants -900 W; at most -900 W; from 6784 to 8500 Wh by 14:00 UTC",
        "         Self-consumption    wants -3000 W; leaves nothing to the others; followed",
    ]
    assert _line_text(seen).endswith("allows -1200 W (beside: Peak shaving, Maintenance charge, Charge to energy)")  # fmt: skip
    words = status_words(seen, tmp_path)
    assert words["beside"] == ("peak_shaving", "maintenance_charge", "charge_to_soe")
    heard = words["heard"]
    assert isinstance(heard, list)
    assert [(one["mode"], one["wants_w"]) for one in heard if one["won"]] == [
        ("self_consumption", -3000.0)
    ]
    assert [(one["mode"], one["lowest_w"]) for one in heard if one["held"]] == [
        ("peak_shaving", -2400.0)
    ]


def test_one_that_cannot_say_ends_the_walk() -> None:
    said = _status_text(of("why_blind"))
    assert "Self-consumption  cannot say: the grid meter is silent; those below are not heard" in said  # fmt: skip


def test_a_mode_alone_is_told_as_ever() -> None:
    alone = of("why_content")
    assert "beside" not in _status_text(alone)
    assert "asked" not in _status_text(alone)
    assert _line_text(alone).endswith("80 % are reached")
    resting = replace(alone, decision=replace(alone.decision, heard=()))
    assert "beside" not in _line_text(resting)
