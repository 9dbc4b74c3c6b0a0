"""What is kept of every error."""

from typing import Annotated

from pydantic import Field

from appliance.settings import Settings


class BlackBox(Settings):
    """Every cycle around an error, on disk."""

    disk_mb: Annotated[int, Field(ge=64, le=100_000)] = 256
    """All recordings together, in 1,000,000 bytes; the oldest go first."""
    before_s: Annotated[float, Field(ge=1, le=1_800)] = 600.0
    after_s: Annotated[float, Field(ge=1, le=600)] = 60.0
