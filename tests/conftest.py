"""Which tests need the machine for themselves: `make tests` runs them one by one, all others two at a time."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
ALONE = ("live", "chaos", "powercut")
"""Folders whose tests start whole boxes, several processes each, and measure how fast they answer."""
ALONE_TOO = (
    "core/test_control_timing.py",
    "io/test_lxp_site.py",
    "io/test_round_trip.py",
    "io/test_sunspec_site.py",
)
"""Files that hold the core's threads to their times against a plant in the same process."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them; what is marked in its own file stays marked."""
    for item in items:
        place = item.path.relative_to(HERE) if item.path.is_relative_to(HERE) else None
        if place is not None and (place.parts[0] in ALONE or place.as_posix() in ALONE_TOO):
            item.add_marker(pytest.mark.alone)
