"""`appliance ctl market`: the prices, imbalance, plan and orders that the box goes by now."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

import msgspec

from appliance.bus import CoreClient
from appliance.ctl.failing import silence
from appliance.model import Dispatch, Imbalance, Market, PlanStep, PriceStep
from appliance.site import SiteSettings

OK, FAILED = 0, 1
WAIT_S: Final = 2.0
NOT_TOLD: Final = "this box is told nothing of a market: site.toml has no [market]"
NOT_KNOWN: Final = "not known"


def run(as_json: bool, site: SiteSettings, out: TextIO) -> int:
    """Print what holds now; JSON: null for what does not. The exit code."""
    client = CoreClient(Path(site.run_folder), "ctl")
    try:
        status = client.status(WAIT_S)
    finally:
        client.close()
    if status is None:
        sys.stderr.write(f"{silence(Path(site.run_folder))}\n")
        return FAILED
    currency = "" if site.market is None else site.market.currency
    market = status.snapshot.market
    if as_json:
        words = None if market is None else market_words(market, status.snapshot.utc, currency)
        out.write(msgspec.json.encode(words).decode() + "\n")
    else:
        out.write((NOT_TOLD if market is None else market_text(market, currency)) + "\n")
    return OK


def market_words(market: Market, utc: datetime, currency: str) -> dict[str, object]:
    """The shape programs rely on: instants in UTC, prices per kWh, W and Wh."""
    return {
        "utc": utc,
        "currency": currency,
        "price": market.price,
        "imbalance": market.imbalance,
        "plan": market.plan,
        "dispatch": market.dispatch,
        "unread": market.unread,
    }


def market_text(market: Market, currency: str) -> str:
    """For people; all times UTC."""
    rows = [
        ("price", _price(market.price, currency)),
        ("imbalance", _imbalance(market.imbalance, currency)),
        ("plan", _plan(market.plan)),
        ("dispatch", _dispatch(market.dispatch)),
        *(("kept out", text) for text in market.unread),
    ]
    return "\n".join(f"{name:10}{text}" for name, text in rows)


def _price(price: PriceStep | None, currency: str) -> str:
    if price is None:
        return NOT_KNOWN
    paid, got = _money(price.import_per_kwh, currency), _money(price.export_per_kwh, currency)
    return f"import {paid}, export {got}, {_until(price.end_at)}"


def _money(per_kwh: float | None, currency: str) -> str:
    return NOT_KNOWN if per_kwh is None else f"{per_kwh:.4f} {currency}/kWh"


def _imbalance(imbalance: Imbalance | None, currency: str) -> str:
    if imbalance is None:
        return NOT_KNOWN
    direction = "short" if imbalance.volume_wh > 0.0 else "long"
    return (
        f"{_money(imbalance.price_per_kwh, currency)} in the period from {_clock(imbalance.price_start_at)}, "
        f"{abs(imbalance.volume_wh) / 1e6:.3f} MWh {direction} in the one from {_clock(imbalance.volume_start_at)}"
    )


def _plan(plan: PlanStep | None) -> str:
    if plan is None:
        return NOT_KNOWN
    said = [] if plan.power_w is None else [f"{plan.power_w:.0f} W (discharge +)"]
    said += [] if plan.soe_wh is None else [f"{plan.soe_wh:.0f} Wh in the battery"]
    made = "" if plan.made_at is None else f", made {_clock(plan.made_at)}"
    return f"{', '.join(said) or NOT_KNOWN} {_until(plan.end_at)}{made}"


def _dispatch(dispatch: Dispatch | None) -> str:
    if dispatch is None:
        return "no order"
    may = ", deviation allowed" if dispatch.allow_deviation else ""
    return f"{dispatch.action} {_until(dispatch.end_at)}{may}"


def _until(at: datetime) -> str:
    return f"until {_clock(at)}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
