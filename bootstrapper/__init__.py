"""One shot at boot: who am I, what time is it, where is my hub? Imports nothing from appliance/.

Exit codes: 0 done, 1 a later run may do more, 2 the input is wrong.
"""

from datetime import UTC, datetime
from typing import Final

BUILT_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock is right that shows an earlier time. The image build writes its own date here."""
