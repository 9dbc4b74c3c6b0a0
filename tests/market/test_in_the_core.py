"""From the slot into the snapshot, from a wrong file to the error, from site.toml to a thread."""

from pathlib import Path

import pytest

from appliance.config import SiteError, load_site
from appliance.control_loop import freeze
from appliance.market import MarketView, market_workers
from appliance.model import Market, MarketData, Memory, PlanStep
from appliance.site.market import MarketFiles
from tests.core.rig import SITE, Rig
from tests.market.said import HOUR
from tests.stories import HOME, NOON, Story

PLAN = PlanStep(NOON, NOON + HOUR, -3_000.0)
MARKET = SITE.model_copy(update={"market": MarketFiles(folder="market")})


def test_a_box_without_the_section_knows_of_no_market() -> None:
    rig = Rig()
    rig.tick(2)
    assert market_workers(rig.site, rig.clock, rig.slots) == ()
    assert freeze(rig.slots, rig.site, rig.clock, (), Memory()).market is None


def test_the_snapshot_has_what_holds_at_its_own_instant() -> None:
    rig, view = Rig(), MarketView()
    assert freeze(rig.slots, MARKET, rig.clock, (), Memory(), view).market == Market()
    rig.slots.market.put(MarketData(plan=(PLAN,)), rig.clock.now_s())
    first = freeze(rig.slots, MARKET, rig.clock, (), Memory(), view)
    assert first.market == Market(plan=PLAN)
    rig.clock.advance(60.0)
    assert freeze(rig.slots, MARKET, rig.clock, (), Memory(), view).market is first.market
    rig.clock.advance(3_600.0)
    assert freeze(rig.slots, MARKET, rig.clock, (), Memory(), view).market == Market()


def test_a_thread_that_is_dead_takes_nothing_back_before_its_time() -> None:
    rig, view = Rig(), MarketView()
    rig.slots.market.put(MarketData(plan=(PLAN,)), rig.clock.now_s())
    rig.clock.advance(1_800.0)
    assert freeze(rig.slots, MARKET, rig.clock, (), Memory(), view).market == Market(plan=PLAN)


def test_the_worker_has_a_row_of_its_own() -> None:
    rig = Rig()
    (worker,) = market_workers(MARKET, rig.clock, rig.slots)
    assert (worker.name, worker.urgent) == ("market", False)


def test_a_wrong_file_is_an_error_that_stops_nothing() -> None:
    story = Story().running()
    told = "plan.json: steps.1.power_w: missing"
    story.run(12.0, market=Market(unread=(told,)))
    (error,) = [one for one in story.last.errors if one.number == 614]
    assert (error.source, error.severity, error.effects) == (told, "warning", ())
    assert story.last.state == "run"
    assert not [one for one in story.run(6.0, market=Market()).errors if one.number == 614]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('currency = "euro"', "market.currency"),
        ('plan = "../plan.json"', "market.plan"),
        ('plan = "plan.csv"', "market.plan"),
        ("poll_s = 1", "market.poll_s: unknown key"),
    ],
)
def test_mistakes_in_the_section(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'{HOME.read_text()}\n[market]\nfolder = "market"\n{line}\n')
    with pytest.raises(SiteError) as told:
        load_site(path)
    assert said in str(told.value)


def test_the_section_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'{HOME.read_text()}\n[market]\nfolder = "market"\n')
    market = load_site(path).market
    assert market is not None
    names = (market.prices, market.imbalance, market.plan, market.dispatch, market.currency)
    assert names == ("prices.csv", "imbalance.json", "plan.json", "dispatch.json", "EUR")
