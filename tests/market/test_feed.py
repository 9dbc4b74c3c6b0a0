"""The thread and its files: what is believed, what is kept out, and for how long the rest goes on."""

import json
import logging
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from appliance.mailbox import Latest
from appliance.market import MarketView
from appliance.market.feed import PERIOD_S, Feed
from appliance.market.files import MOST_BYTES
from appliance.model import Dispatch, Imbalance, MarketData, PlanStep, PriceStep
from appliance.supervisor import Lease
from tests.market.said import (
    HEAD,
    HOUR,
    NOON,
    Folder,
    imbalance_text,
    iso,
    order,
    orders_text,
    plan_text,
    price_row,
)

PLAN = (PlanStep(NOON, NOON + HOUR, -3_000.0, None, NOON),)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_four_files_one_word(folder: Folder) -> None:
    period = {"start": iso(NOON)}
    folder.write("prices.csv", HEAD + price_row(0))
    folder.write("imbalance.json", imbalance_text({"per_kwh": 0.1} | period, {"wh": 2e8} | period))
    folder.write("plan.json", plan_text(-3_000.0))
    folder.write("dispatch.json", orders_text(order(0, "charge_max")))
    assert folder.look() == MarketData(
        (PriceStep(NOON, NOON + HOUR, 0.3, 0.05),),
        Imbalance(0.1, NOON, 2e8, NOON),
        PLAN,
        (Dispatch(NOON, NOON + HOUR, "charge_max"),),
    )
    before = folder.look()
    assert folder.look() is before, "nothing has changed, so the slot keeps the same object"


def test_an_empty_folder_says_nothing_and_is_no_mistake(folder: Folder) -> None:
    assert folder.look() == MarketData()


def test_a_folder_that_is_not_there_is_told_of_every_file(tmp_path: Path) -> None:
    known = Folder(tmp_path / "away", prices=None, imbalance=None).look()
    assert known.unread == (
        f"dispatch.json: the folder {tmp_path / 'away'} is not there",
        f"plan.json: the folder {tmp_path / 'away'} is not there",
    )


def test_only_the_files_of_site_toml_are_looked_for(tmp_path: Path) -> None:
    folder = Folder(tmp_path, prices="day.json", plan=None)
    folder.write("plan.json", "nonsense")
    folder.write("prices.csv", "nonsense")
    folder.write(
        "day.json", json.dumps({"prices": [{"start": iso(NOON), "end": iso(NOON + HOUR)}]})
    )
    assert folder.look() == MarketData((PriceStep(NOON, NOON + HOUR),))


def test_a_wrong_file_is_kept_out_and_told_once(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    folder.write("plan.json", plan_text(-4_000.0, 2_000.0)[:-20])
    for _ in range(5):
        known = folder.look()
        assert known.plan == PLAN
        assert len(known.unread) == 1
        assert known.unread[0].startswith("plan.json: Input data was truncated")
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(told) == 1
    assert told[0].startswith(
        "plan.json is kept out, what was known goes on: Input data was truncated"
    )
    folder.write("plan.json", plan_text(-4_000.0))
    with caplog.at_level(logging.INFO):
        known = folder.look()
    assert (known.plan[0].power_w, known.unread) == (-4_000.0, ())
    assert caplog.records[-1].getMessage() == "plan.json can be read again"


def test_what_was_said_before_goes_on_until_its_own_time_is_over(folder: Folder) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    folder.write("plan.json", "{")
    known, view = folder.look(), MarketView()
    last = view.at(known, NOON + HOUR - timedelta(seconds=1))
    assert last.plan == PLAN[0]
    assert last.unread == known.unread != ()
    assert view.at(known, NOON + HOUR).plan is None


def test_one_wrong_file_does_not_keep_out_the_others(folder: Folder) -> None:
    folder.write("prices.csv", "start,end\nx,y\n")
    folder.write("plan.json", plan_text(-3_000.0))
    known = folder.look()
    assert known.plan == PLAN
    assert known.unread[0].startswith(
        'prices.csv: prices.1.start = "x": input should be a valid datetime'
    )


def test_a_file_that_is_taken_away_takes_back_what_it_said(folder: Folder) -> None:
    folder.write("dispatch.json", orders_text(order(0, "charge_max")))
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    (folder.path / "dispatch.json").unlink()
    assert folder.look() == MarketData(plan=PLAN)
    folder.write("plan.json", "nonsense")
    assert folder.look().unread
    (folder.path / "plan.json").unlink()
    assert folder.look() == MarketData()


def test_a_share_that_is_away_takes_nothing_back(folder: Folder) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    away = folder.path.rename(folder.path.parent / "away")
    known = folder.look()
    assert known.plan == PLAN
    assert "is not there" in known.unread[0]
    away.rename(folder.path)
    assert folder.look() == MarketData(plan=PLAN)


def test_files_that_are_none(folder: Folder) -> None:
    folder.write("plan.json", b" " * (MOST_BYTES + 1))
    os.mkfifo(folder.path / "dispatch.json")
    (folder.path / "imbalance.json").mkdir()
    assert folder.look().unread == (
        "dispatch.json: is not an ordinary file",
        "imbalance.json: is not an ordinary file",
        "plan.json: is larger than 1000000 bytes",
    )


def test_a_file_of_just_the_allowed_size_is_read(folder: Folder) -> None:
    text = plan_text(-3_000.0)
    folder.write("plan.json", text + b" " * (MOST_BYTES - len(text)))
    assert folder.look() == MarketData(plan=PLAN)


def test_two_writes_in_one_tick_of_the_disks_clock(folder: Folder) -> None:
    """Same size, same time, same file: the look after the one that found it reads once more."""
    path = folder.path / "plan.json"
    path.write_bytes(plan_text(-3_000.0))
    times = (1_000_000_000, 1_000_000_000)
    os.utime(path, ns=times)
    assert folder.look().plan[0].power_w == -3_000.0
    path.write_bytes(plan_text(-4_000.0))
    os.utime(path, ns=times)
    assert folder.look().plan[0].power_w == -4_000.0


def test_a_file_that_has_not_changed_is_not_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    folder.look()
    read: list[str] = []
    really = os.open

    def noted(path: Path, flags: int) -> int:
        read.append(path.name)
        return really(path, flags)

    monkeypatch.setattr(os, "open", noted)
    for _ in range(5):
        folder.look()
    assert "plan.json" not in read


def test_a_file_nobody_may_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    folder.look()
    folder.write("plan.json", plan_text(-4_000.0))

    def refused(*_told: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused)
        for _ in range(3):
            known = folder.look()
            assert known.plan == PLAN
            assert "plan.json: cannot be read: Permission denied" in known.unread
    assert folder.look().plan[0].power_w == -4_000.0


WRITES = st.sampled_from(
    [
        ("plan.json", plan_text(-3_000.0)), ("plan.json", plan_text(1_000.0)), ("plan.json", b"{"), ("plan.json", None),
        ("dispatch.json", orders_text(order(0, "charge_max"))), ("dispatch.json", b"\xff"), ("dispatch.json", None),
        ("prices.csv", (HEAD + price_row(0)).encode()), ("prices.csv", HEAD.encode()[:-1]), ("prices.csv", None),
    ]
)  # fmt: skip
ATTRIBUTES = {"plan.json": "plan", "dispatch.json": "dispatch", "prices.csv": "prices"}
RIGHT = {
    plan_text(-3_000.0): PLAN,
    plan_text(1_000.0): (PlanStep(NOON, NOON + HOUR, 1_000.0, None, NOON),),
    orders_text(order(0, "charge_max")): (Dispatch(NOON, NOON + HOUR, "charge_max"),),
    (HEAD + price_row(0)).encode(): (PriceStep(NOON, NOON + HOUR, 0.3, 0.05),),
    None: (),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WRITES, max_size=3), max_size=8))
def test_in_any_order_of_files_the_last_right_one_counts(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[list[tuple[str, bytes | None]]]
) -> None:
    folder = Folder(tmp_path_factory.mktemp("any"))
    believed: dict[str, object] = dict.fromkeys(ATTRIBUTES, ())
    there: dict[str, bytes | None] = dict.fromkeys(ATTRIBUTES)
    for writes in rounds:
        for name, text in writes:
            there[name] = text
            if text is None:
                (folder.path / name).unlink(missing_ok=True)
            else:
                folder.write(name, text)
        known = folder.look()
        for name, text in there.items():
            if text in RIGHT:
                believed[name] = RIGHT[text]
            assert getattr(known, ATTRIBUTES[name]) == believed[name]
        wrong = {name for name, text in there.items() if text not in RIGHT}
        assert {one.partition(":")[0] for one in known.unread} == wrong


class Once(Lease):
    """Ends with the first wait."""

    waited_s = 0.0

    @override
    def wait(self, timeout_s: float) -> bool:
        self.waited_s = timeout_s
        self.end()
        return True


def test_the_worker_fills_its_slot_and_ends(folder: Folder) -> None:
    folder.write("plan.json", plan_text(-3_000.0))
    lease = Once(folder.clock)
    folder.feed.run(lease)
    newest = folder.slot.newest()
    assert newest is not None
    assert newest.value == MarketData(plan=PLAN)
    assert (newest.at_s, lease.waited_s) == (folder.clock.now_s(), PERIOD_S)


class FromAService:
    """What a later source looks like: it has a name and is asked."""

    name = "exchange"

    def look(self, known: MarketData, /) -> MarketData:
        return MarketData(known.prices, known.imbalance, PLAN, known.dispatch, known.unread)


def test_a_source_is_a_class_with_a_name_and_a_look(folder: Folder) -> None:
    slot: Latest[MarketData] = Latest("market")
    assert Feed((FromAService(),), slot, folder.clock).look() == MarketData(plan=PLAN)
