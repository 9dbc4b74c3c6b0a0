"""python -m tests.kills.core_with_door core --site FILE: the core as it is, with a door for tests."""

import sys

from appliance.__main__ import main
from tests.kills.door import wrap

if __name__ == "__main__":
    wrap()
    sys.exit(main())
