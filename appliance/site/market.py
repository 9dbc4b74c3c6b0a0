"""Where market data come from: files that others write."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from appliance.settings import Settings
from appliance.site.twice import refuse_twice

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

    @model_validator(mode="after")
    def _each_has_a_file_of_its_own(self) -> Self:
        files = {key: getattr(self, key) for key in ("prices", "imbalance", "plan", "dispatch")}
        refuse_twice("file", {key: name for key, name in files.items() if name is not None})
        return self
