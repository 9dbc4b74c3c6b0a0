"""What a look is: made once for a site, with its bounds; then it sees a Snapshot and the Memory before it."""

from collections.abc import Callable

from appliance.model import Memory, Snapshot
from appliance.site import SiteSettings

Well = Callable[[Snapshot, Memory], bool]
Made = Callable[[SiteSettings], Well]
