"""`python -m appliance.io.climate --site FILE`: fans at full speed, heaters off. For systemd, when the core has ended."""

import argparse
from pathlib import Path

from appliance.clock import SystemClock
from appliance.config import load_site
from appliance.io.climate import fans_full


def main() -> None:
    """Write what is safe, once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, required=True, metavar="FILE")
    fans_full(load_site(parser.parse_args().site), SystemClock())


if __name__ == "__main__":
    main()
