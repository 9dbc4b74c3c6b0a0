"""The sites of the campaign, with the figures of their walls, each with where it comes from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import decode
from tests.chaos.decode import Decoder, Lxp, ModbusTcp, Socketcand

SITES = Path(__file__).parent.parent.parent / "simulator" / "sites"
JOINS_SOON = (
    "[battery.joining]",
    "[battery.joining]\nback_off_s = 4.0\nlongest_back_off_s = 4.0",
)


@dataclass(frozen=True)
class Place:
    """One site, and what guards it."""

    name: str
    file: str
    inverter_port: str
    can_port: str
    inverter: Callable[[], Decoder]
    battery: Callable[[], Decoder]
    asked_w: float
    """Power that the house or the roof wants of the battery in the campaign."""
    most_w: float
    """`inverter.max_charge_w` and `max_discharge_w` of the site file."""
    import_w: float
    export_w: float
    ramp_w_per_s: float
    """Of the pretend inverter: 0.8 of its rating a second (simulator/models/inverter.py)."""
    comm_timeout_s: float
    """The inverter's own. TRUMPF: register 1016, set by the box; PQstorI: 20 s, its manual; LXP: none."""
    bms_timeout_s: float
    """From the last request to open contactors (facts on BMS; dbc/): and a second for the current to fall."""
    rated_a: float
    cells_checked: bool = True
    """Its frames carry counters or check sums."""
    racks: int = 1
    without: str = "gui,cloud"
    changes: tuple[tuple[str, str], ...] = ()
    max_age_s: float = 1.0
    """Of the inverter's reading."""
    times: float = 1.0
    """How many times as long a stop may take where the inverter follows slowly."""
    window_s: float = 0.0
    """LXP: without the box it goes on for at most so long."""
    contactors: bool = True
    """The box can ask for them."""

    @property
    def toml(self) -> str:
        """The site file with the campaign's changes."""
        text = (SITES / self.file).read_text()
        for old, new in self.changes:
            assert text.count(old) == 1, (self.file, old)
            text = text.replace(old, new)
        return text

    @property
    def zero_w(self) -> float:
        """Less than this is no power."""
        return max(10.0, 0.002 * self.most_w)

    @property
    def falls_s(self) -> float:
        """From the asked power to zero."""
        return self.asked_w / self.ramp_w_per_s


def _trumpf() -> Decoder:
    return ModbusTcp(decode.trumpf)


def _pqstori() -> Decoder:
    return ModbusTcp(decode.pqstori)


HOME = Place(
    "home", "home.toml", "15020", "29536", _trumpf, lambda: Socketcand(decode.foxbms2),
    asked_w=3_000.0, most_w=5_000.0, import_w=17_000.0, export_w=17_000.0, ramp_w_per_s=20_000.0,
    comm_timeout_s=2.0, bms_timeout_s=1.0, rated_a=26.0, cells_checked=False,
)  # fmt: skip
WHOLE = Place(
    "home, screen, cloud", "home.toml", "15020", "29536", _trumpf, lambda: Socketcand(decode.foxbms2),
    asked_w=3_000.0, most_w=5_000.0, import_w=17_000.0, export_w=17_000.0, ramp_w_per_s=20_000.0,
    comm_timeout_s=2.0, bms_timeout_s=1.0, rated_a=26.0, cells_checked=False, without="",
)  # fmt: skip
COMMERCIAL = Place(
    "commercial", "commercial.toml", "15320", "15322", _trumpf, lambda: Socketcand(decode.nbms_2_5),
    asked_w=8_000.0, most_w=20_000.0, import_w=69_000.0, export_w=69_000.0, ramp_w_per_s=20_000.0,
    comm_timeout_s=2.0, bms_timeout_s=0.5, rated_a=84.0, racks=2,
    changes=((JOINS_SOON[0], '[battery.sleep]\nmeans = "frame"\n\n' + JOINS_SOON[1]),),
)  # fmt: skip
INDUSTRIAL = Place(
    "industrial", "industrial.toml", "15420", "15422", _pqstori, lambda: Socketcand(decode.cbms),
    asked_w=80_000.0, most_w=250_000.0, import_w=630_000.0, export_w=400_000.0, ramp_w_per_s=220_000.0,
    comm_timeout_s=20.0, bms_timeout_s=2.0, rated_a=1_150.0, racks=8,
    changes=(("racks = 8\n", f"racks = 8\n\n{JOINS_SOON[1]}\n"),),
)  # fmt: skip
LXP = Place(
    "home_lxp", "home_lxp.toml", "15220", "15222", Lxp, lambda: Socketcand(decode.nothing),
    asked_w=2_000.0, most_w=5_000.0, import_w=17_000.0, export_w=17_000.0, ramp_w_per_s=20_000.0,
    comm_timeout_s=float("inf"), bms_timeout_s=float("inf"), rated_a=220.0, max_age_s=12.0, times=4.0,
    cells_checked=False, changes=(("window_min = 30", "window_min = 2"),), window_s=180.0, contactors=False,
)  # fmt: skip
PLACES = {place.name: place for place in (HOME, WHOLE, COMMERCIAL, INDUSTRIAL, LXP)}
