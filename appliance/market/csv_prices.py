"""Prices as a CSV file: start, end, import_price_per_kwh, export_price_per_kwh; a blank cell is not known."""

import csv
import json
from io import StringIO
from typing import Final

from appliance.market.documents import MarketError, price_rows
from appliance.model import PriceStep

COLUMNS: Final = ("start", "end", "import_price_per_kwh", "export_price_per_kwh")


def csv_prices(text: bytes) -> tuple[PriceStep, ...]:
    """Lines that begin with # are comments. Raises MarketError."""
    try:
        whole = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"byte {error.start + 1} is not UTF-8"
        raise MarketError(msg) from None
    if not whole.endswith("\n"):
        msg = "the last line has no end: half of it may be missing"
        raise MarketError(msg)
    lines = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith("#"))
    try:
        rows = [row for row in csv.reader(StringIO(lines), strict=True) if row]
    except csv.Error as error:
        msg = f"is not CSV: {error}"
        raise MarketError(msg) from None
    columns = [cell.strip() for cell in rows[0]] if rows else []
    unknown = sorted(set(columns) - set(COLUMNS))
    if unknown or len(set(columns)) != len(columns) or not {"start", "end"} <= set(columns):
        msg = f"columns = {', '.join(columns)[:80]}: must be {', '.join(COLUMNS)}"
        raise MarketError(msg)
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(columns):
            msg = f"prices.{number}: {len(row)} cells, must be {len(columns)}"
            raise MarketError(msg)
    return price_rows([_as_json(columns, row) for row in rows[1:]])


def _as_json(columns: list[str], row: list[str]) -> bytes:
    cells = zip(columns, row, strict=True)
    return json.dumps({column: _value(column, cell.strip()) for column, cell in cells}).encode()


def _value(column: str, cell: str) -> float | str | None:
    """A number where one belongs; what is none stays as it is and is refused with its value."""
    if not column.endswith("_per_kwh"):
        return cell
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell
