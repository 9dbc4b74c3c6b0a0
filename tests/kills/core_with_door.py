"""python -m tests.kills.core_with_door core --site FILE: the core as it is, with a door for tests."""

import sys

from appliance import forked
from appliance.__main__ import main
from tests.kills.door import wrap

if __name__ == "__main__":
    wrap()
    # Each event of the campaign is the first within an hour.
    vars(forked)["AGAIN_S"] = 0.0
    sys.exit(main())
