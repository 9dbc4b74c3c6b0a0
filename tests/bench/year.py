"""A year of 1 s steps through the production cycle with its plant: `python -m tests.bench.year --out build/year`.

One core, no threads. Of the time series it keeps one row in thirty; sums and cost are of every step.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from typing_extensions import override

from appliance.config import load_site
from appliance.model import Decision
from appliance.simulate import COLUMNS, Row, Run
from simulator.models.profile import load_profile
from tests.stories import HOME

SHARED: Final = Path(__file__).parents[3] / "shared" / "data"
YEAR: Final = SHARED / "year_30min_prices_pv_load.csv"
DAY_S: Final = 86_400
GOAL_MINUTES: Final = 15.0
ONE_ROW_IN: Final = 30


class Year(Run):
    """Half a million rows of text would be half a gigabyte."""

    closed = 0

    @override
    def _close(self, row: Row, decision: Decision) -> None:
        super()._close(row, decision)
        self.closed += 1
        if self.closed % ONE_ROW_IN != 1:
            self.rows.pop()
        if self.closed % (30 * DAY_S // 60) == 0:
            sys.stdout.write(f"{row.utc:%Y-%m-%d}  {decision.why}\n")
            sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", type=Path, default=HOME)
    parser.add_argument("--profile", type=Path, default=YEAR)
    parser.add_argument("--mode", default=None)
    parser.add_argument("--days", type=float, default=365.0)
    parser.add_argument("--out", type=Path, default=Path("build/year"))
    chosen = parser.parse_args()
    site = load_site(chosen.site)
    mode = chosen.mode or site.control.start_mode
    run = Year(site, load_profile(chosen.profile), mode, 1.0, 50.0)
    steps = round(chosen.days * DAY_S)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    run.run(steps)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    run.summary.wall_s = round(wall_s, 1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "summary.json").write_text(run.summary.as_json(), encoding="utf-8")
    lines = [",".join(COLUMNS[:-1]), *(",".join(row[:-1]) for row in run.rows)]
    (chosen.out / "timeseries.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{steps} steps, {wall_s / 60:.2f} min, of it {cpu_s / 60:.2f} min of CPU time: "
        f"{1e6 * cpu_s / steps:.1f} us a step, a year in {365 * DAY_S * cpu_s / steps / 60:.1f} min "
        f"(to reach: {GOAL_MINUTES:.0f})\n{run.summary.as_text(chosen.out)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
