"""Recordings through today's code."""

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from appliance.__main__ import main
from appliance.blackbox import BlackBox
from appliance.model import Decision, MeterReading, Moment
from tests.stories import HOME, Story, seen


def recording(tmp_path: Path) -> Path:
    story = Story().running()
    box = BlackBox(tmp_path)
    for number in range(60):
        grid = MeterReading(power_w=40.0 * number)
        story.changes["grid"] = grid
        story.now_s += 0.1
        snapshot = seen(story.now_s, grid=grid, memory=story.cycle.memory)
        box.add(Moment(snapshot, story.cycle.step(snapshot)))
    return box.freeze("recording")


def test_a_recording_gives_the_same_decisions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--site", str(HOME), str(recording(tmp_path))]) == 0
    shown = capsys.readouterr()
    decisions = [msgspec.json.decode(line, type=Decision) for line in shown.out.splitlines()]
    assert len(decisions) == 60
    assert all(decision.state == "run" for decision in decisions)
    assert "of 60 decisions differ" in shown.err
    assert "\n0 of 60" in f"\n{shown.err}"


def test_a_changed_decision_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edited.jsonl"
    with gzip.open(recording(tmp_path), "rt") as file:
        lines = [json.loads(line) for line in file]
    lines[30]["decision"]["setpoints"]["power_w"] = 4_321.0
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert main(["replay", "--site", str(HOME), str(path)]) == 0
    text = capsys.readouterr().err
    assert "1 of 60 decisions differ" in text
    assert "recorded: 4321 W" in text


def test_hand_made_lines_need_only_what_they_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hand.jsonl"
    path.write_text('{"now_s": 1, "utc": "2026-01-01T00:00:00Z"}\n')
    assert main(["replay", "--site", str(HOME), str(path)]) == 0
    decision = json.loads(capsys.readouterr().out)
    assert decision["state"] == "init"
    assert decision["setpoints"]["power_w"] == 0.0


def test_a_broken_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"now_s": 1, "utc": "2026-01-01T00:00:00Z"}\n{"now_s": "late"}\n')
    assert main(["replay", "--site", str(HOME), str(path)]) == 2
    assert "line 2" in capsys.readouterr().err


def test_the_schema_describes_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema) == {"snapshot", "decision", "$defs"}
    assert "battery" in schema["$defs"]["Recorded"]["properties"]


def test_any_instant_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path)
    assert main(["replay", "--site", str(HOME), "--at", "2026-06-21T12:01:45", str(path)]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0].startswith("2026-06-21 12:01:4")
    assert "Self-consumption wants" in text.splitlines()[1]
    assert "  Self-consumption: wants" in text and "<- followed" in text
    for name in ("error", "battery", "state of charge", "owner's cap"):
        assert f"  {name} " in text
    assert main(["replay", "--site", str(HOME), "--at", "12:01:45", str(path)]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("at", "says"),
    [("noon", "must be an instant such as"), ("2026-06-22T12:00:00", "the recording holds 2026-06-21T12:01:4")],
)  # fmt: skip
def test_an_instant_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], at: str, says: str
) -> None:
    assert main(["replay", "--site", str(HOME), "--at", at, str(recording(tmp_path))]) == 2
    assert says in capsys.readouterr().err
