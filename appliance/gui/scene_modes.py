"""The modes and their answers in the scenes: real titles, hand-made numbers."""

from typing import Final

from msgspec.structs import replace

from appliance import registry
from appliance.model import Heard, LackedMode, Setpoints, Status, Wish

_FOLDER: Final = "appliance.modes"
_FILES: Final = {name: registry.load(_FOLDER, name) for name in sorted(registry.names(_FOLDER))}
MODES: Final[dict[str, str]] = {
    name: file.TITLE for name, file in _FILES.items() if name != "backup"
}
"""As on a box without a backup."""
SUMMARIES: Final[dict[str, str]] = {name: file.SUMMARY for name, file in _FILES.items()}
WITHOUT: Final = {
    name: {key: str(value) for key, value in file.WITHOUT.items()} for name, file in _FILES.items()
}
LACKED: Final = {
    "backup": LackedMode(
        _FILES["backup"].TITLE, "the feature backup is off (features.backup in site.toml)"
    )
}

MANY: Final = (
    Heard(
        "peak_shaving",
        Wish(None, "nothing to shave", lowest_w=-2400.0, highest_w=7400.0),
        held=True,
    ),
    Heard("maintenance_charge", Wish(None, "the next is due on 2026-07-02")),
    Heard("charge_to_soe", Wish(-900.0, "from 6784 to 8500 Wh by 14:00 UTC", highest_w=-900.0)),
    Heard("self_consumption", Wish(-3000.0, lowest_w=-3000.0, highest_w=-3000.0), won=True),
)
MANY_WHY: Final = (
    "Self-consumption wants -3000 W; Peak shaving allows -2400 W; "
    "cell 2.14 at 3.63 V allows -1200 W"
)
BLIND: Final = (
    Heard("charge_only", Wish(None, "80 % are reached", highest_w=0.0)),
    Heard("self_consumption", Wish(missing="the grid meter is silent")),
    Heard("export_avoidance", Wish(-1200.0, "what the site has left over", highest_w=-1200.0)),
)
BLIND_WHY: Final = "Self-consumption cannot say: the grid meter is silent; 0 W"
CONTENT: Final = (Heard("charge_only", Wish(None, "80 % are reached", highest_w=0.0)),)
CONTENT_WHY: Final = "Charge only wants nothing: 80 % are reached"


def heard(base: Status, mode: str, wish_w: float | None, power_w: float, *answers: Heard) -> Status:
    """The same with these answers of modes, of which `mode` is in use."""
    decision = replace(
        base.decision, mode=mode, wish_w=wish_w, heard=answers, setpoints=Setpoints(power_w=power_w)
    )
    return replace(base, decision=decision)
