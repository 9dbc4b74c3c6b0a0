"""How the cloud is told of errors: the alarms in every telemetry record, and a record of its own for each change."""

from datetime import datetime

from appliance import texts
from appliance.model import ActiveError
from appliance.site import Language


def alarm(error: ActiveError, language: Language) -> dict[str, object]:
    """One raised error: for machines in English, for people in the language of the site."""
    return {
        "id": error.id,
        "number": error.number,
        "source": error.source,
        "severity": error.severity.value,
        "title": error.title,
        "language": language,
        "title_local": texts.title(error, language),
        "since_at": error.since_at.isoformat(),
        "latched": error.latched,
        "acknowledged_by": error.acknowledged_by,
    }


def error_event(
    error: ActiveError, happened: str, utc: datetime, language: Language
) -> dict[str, object]:
    """Body of one SC_error_event record: the alarm, what `happened` (raised, acknowledged or cleared), what it does."""
    return alarm(error, language) | {
        "happened": happened,
        "utc": utc.isoformat(),
        "remedy_local": texts.remedy(error, language),
        "effects": error.effects,
        "derate_pct": error.derate_pct,
    }
