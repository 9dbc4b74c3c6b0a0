"""`appliance ctl market`: what people and programs are told."""

from io import StringIO

import msgspec
import pytest

from appliance.ctl import market as asked
from appliance.model import Dispatch, Imbalance, Market, PlanStep, PriceStep, Status
from appliance.site import SiteSettings
from appliance.site.market import MarketFiles
from tests.market.said import HOUR, NOON
from tests.stories import Story, seen

FULL = Market(
    PriceStep(NOON, NOON + HOUR, 0.3, None),
    Imbalance(0.085, NOON, -2.5e8, NOON - HOUR / 2),
    PlanStep(NOON, NOON + HOUR, None, 8_000.0, NOON - 3 * HOUR),
    Dispatch(NOON, NOON + HOUR, "avoid_import", True),
    ("prices.csv: the last line has no end: half of it may be missing",),
)
TEXT = """\
price     import 0.3000 GBP/kWh, export not known, until 2026-11-21 13:00 UTC
imbalance 0.0850 GBP/kWh in the period from 2026-11-21 12:00 UTC, 250.000 MWh long in the one from 2026-11-21 11:30 UTC
plan      8000 Wh in the battery until 2026-11-21 13:00 UTC, made 2026-11-21 09:00 UTC
dispatch  avoid_import until 2026-11-21 13:00 UTC, deviation allowed
kept out  prices.csv: the last line has no end: half of it may be missing
"""
NOTHING = """\
price     not known
imbalance not known
plan      not known
dispatch  no order
"""


def site() -> SiteSettings:
    files = MarketFiles(folder="market", currency="GBP")
    return Story().site.model_copy(update={"market": files})


class Core:
    """Answers with a market, or not at all."""

    def __init__(self, market: Market | None, silent: bool = False) -> None:
        self._market, self._silent = market, silent

    def __call__(self, *_told: object) -> "Core":
        return self

    def status(self, _timeout_s: float) -> Status | None:
        if self._silent:
            return None
        decision = Story().last
        return Status("s", "1", 1.0, seen(market=self._market), decision, {}, {}, 1.0, 1.0, 1.0)

    def close(self) -> None:
        """Nothing to close."""


def told(monkeypatch: pytest.MonkeyPatch, core: Core, as_json: bool = False) -> tuple[int, str]:
    monkeypatch.setattr(asked, "CoreClient", core)
    out = StringIO()
    return asked.run(as_json, site(), out), out.getvalue()


@pytest.mark.parametrize(
    ("market", "text"), [(FULL, TEXT), (Market(), NOTHING), (None, f"{asked.NOT_TOLD}\n")]
)
def test_what_people_are_told(
    monkeypatch: pytest.MonkeyPatch, market: Market | None, text: str
) -> None:
    assert told(monkeypatch, Core(market)) == (0, text)


def test_what_programs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = told(monkeypatch, Core(FULL), as_json=True)
    words = msgspec.json.decode(text)
    assert code == 0
    assert set(words) == {"utc", "currency", "price", "imbalance", "plan", "dispatch", "unread"}
    assert words["currency"] == "GBP"
    assert words["price"]["import_per_kwh"] == 0.3
    assert words["price"]["export_per_kwh"] is None
    assert words["imbalance"]["volume_wh"] == -2.5e8
    assert words["plan"]["soe_wh"] == 8_000.0
    assert words["dispatch"]["action"] == "avoid_import"
    assert words["unread"] == list(FULL.unread)
    assert told(monkeypatch, Core(None), as_json=True) == (0, "null\n")


def test_a_core_that_is_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(monkeypatch, Core(None, silent=True)) == (1, "")
    assert capsys.readouterr().err
