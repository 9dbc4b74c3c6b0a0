"""Every request gets an answer, with a reason: the same rules for screen, cloud, ctl and buttons."""

from appliance.answers.desk import TAKES as _TAKES
from appliance.answers.desk import Desk
from appliance.answers.rules import ON_SITE, RefusedError

__all__ = ["ON_SITE", "_TAKES", "Desk", "RefusedError"]
