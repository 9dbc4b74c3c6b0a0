"""What the cloud is told when an error is raised, acknowledged or gone: one record each, from its row."""

from datetime import datetime

from appliance import texts
from appliance.model import ActiveError
from appliance.site import Language


def error_event(
    error: ActiveError, happened: str, utc: datetime, language: Language
) -> dict[str, object]:
    """Body of one SC_error_event record; `happened` is raised, acknowledged or cleared."""
    return {
        "id": error.id,
        "happened": happened,
        "utc": utc.isoformat(),
        "number": error.number,
        "source": error.source,
        "severity": error.severity,
        "title": texts.title(error, language),
        "title_en": error.title,
        "remedy": texts.remedy(error, language),
        "language": language,
        "effects": error.effects,
        "derate_pct": error.derate_pct,
        "since": error.since_at.isoformat(),
        "latched": error.latched,
        "acknowledged_by": error.acknowledged_by,
    }
