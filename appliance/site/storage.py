"""How much is kept on the disk."""

from typing import Annotated

from pydantic import Field

from appliance.settings import Settings


class Storage(Settings):
    """Bounds of the store; beyond them the oldest go."""

    outbox_records: Annotated[int, Field(ge=60_480, le=10_000_000)] = 120_960
    """Telemetry that waits for the cloud: two weeks at one record every 10 s; a week at least."""
    outbox_bytes: Annotated[int, Field(ge=10_000_000, le=100_000_000_000)] = 400_000_000
    journal_lines: Annotated[int, Field(ge=1_000, le=10_000_000)] = 50_000
    error_occurrences: Annotated[int, Field(ge=1_000, le=10_000_000)] = 10_000
    limit_days: Annotated[int, Field(ge=31, le=4_000)] = 400
    """Days for which the hours of every limit are kept."""
