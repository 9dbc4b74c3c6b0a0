"""Where market data come from: files that others write."""

from typing import Annotated

from pydantic import Field

from appliance.settings import Settings

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\.json$")]
TableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\.(json|csv)$")]


class MarketFiles(Settings):
    """[market] of site.toml. A file that is not there says nothing; None: it is not looked for."""

    folder: Annotated[str, Field(min_length=1)]
    """Files are replaced in it, never written in place: docs/decisions/0032."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    """Of all prices, per kWh; for showing only."""
    prices: TableName | None = "prices.csv"
    imbalance: FileName | None = "imbalance.json"
    plan: FileName | None = "plan.json"
    dispatch: FileName | None = "dispatch.json"
