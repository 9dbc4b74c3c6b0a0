"""A DBC and maps made up for one test, and the battery that is heard through them."""

from pathlib import Path
from typing import Any

import cantools
from cantools.database.can import Database

from appliance.io.bms import Decoder, load_family
from appliance.io.buses.can import EXTENDED, Frame
from appliance.model import BatteryReading, RackReading

DBC = """VERSION ""

NS_ :
    SG_MUL_VAL_

BS_:

BU_: BMS Box

BO_ 256 Whole: 8 BMS
 SG_ Volts : 0|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Amps : 16|16@1- (0.1,0) [0|0] "A" Box
 SG_ State : 32|4@1+ (1,0) [0|0] "" Box
 SG_ Pair : 36|2@1+ (1,0) [0|0] "" Box
 SG_ Code : 40|8@1+ (1,0) [0|0] "" Box
 SG_ Gate : 48|8@1+ (1,0) [0|0] "" Box
 SG_ Kelvin : 56|8@1+ (2,0) [0|0] "K" Box

BO_ 272 Rack: 8 BMS
 SG_ Volts : 0|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Amps : 16|16@1- (0.1,0) [0|0] "A" Box
 SG_ Closed : 32|2@1+ (1,0) [0|0] "" Box
 SG_ Fault : 34|1@1+ (1,0) [0|0] "" Box
 SG_ Charge : 40|8@1+ (1,0) [0|0] "A" Box
 SG_ Counter : 48|4@1+ (1,0) [0|0] "" Box
 SG_ Check : 56|8@1+ (1,0) [0|0] "" Box

BO_ 2566848512 Wide: 8 BMS
 SG_ Number : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Volts : 8|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Closed : 24|1@1+ (1,0) [0|0] "" Box

BO_ 288 Cells: 8 BMS
 SG_ Page M : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Cell1 m0 : 8|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell2 m0 : 24|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell3 m1 : 8|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell10 m1 : 24|16@1+ (1,0) [0|0] "mV" Box
 SG_ Warm : 56|8@1+ (1,-40) [0|0] "degC" Box

BO_ 304 OneCell: 8 BMS
 SG_ Which : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Volts : 15|16@0+ (0.0001,0) [0|0] "V" Box

BO_ 512 Command: 8 Box
 SG_ Close : 0|2@1+ (1,0) [0|0] "" BMS
 SG_ Sleep : 2|2@1+ (1,0) [0|0] "" BMS
 SG_ Balance : 4|1@1+ (1,0) [0|0] "" BMS
 SG_ Racks : 8|8@1+ (1,0) [0|0] "" BMS
 SG_ Told : 16|16@1- (0.1,0) [0|0] "A" BMS
 SG_ Counter : 48|4@1+ (1,0) [0|0] "" BMS
 SG_ Check : 56|8@1+ (1,0) [0|0] "" BMS

VAL_ 256 State 0 "OFF" 1 "READY" 2 "CLOSED" 3 "BROKEN" 4 "ASLEEP" ;
VAL_ 256 Code 0 "FINE" 7 "E_FUSE_BLOWN" ;
"""

HEAD = """
title = "A BMS for tests"
source = "nothing real"
dbc = "own.dbc"
max_age_s = 0.5
"""

BY_ID = 'key = "Rack"\n[layout]\nid_step = 16\n'

RACK = """
[rack]
voltage_v = { signal = "Rack.Volts" }
current_a = { signal = "Rack.Amps" }
contactors_closed = { signal = "Rack.Closed" }
[rack.max_charge]
current_a = { signal = "Rack.Charge" }
[rack.faults.Rack]
Fault = "fuse"
"""


class Bench:
    """A decoder for a map, and its DBC to pack frames with."""

    def __init__(self, folder: Path, text: str, racks: int = 1) -> None:
        (folder / "own.dbc").write_text(DBC, encoding="utf-8")
        (folder / "own.toml").write_text(HEAD + text, encoding="utf-8")
        self.folder = folder
        self.family = load_family("own", folder)
        self.decoder = Decoder(self.family, racks, 10_000.0, folder)
        loaded = cantools.database.load_string(DBC)
        assert isinstance(loaded, Database)
        self._database = loaded

    def hear(self, name: str, at_s: float, step: int = 0, **values: Any) -> bool:
        message = self._database.get_message_by_name(name)
        page = values.pop("Page", None)
        nothing = {s.name: 0 for s in message.signals}
        number = message.frame_id + step | (EXTENDED if message.is_extended_frame else 0)
        if page is not None:
            nothing["Page"] = page
        data = message.encode(nothing | values, scaling=name != "Whole", strict=False)
        return self.decoder.store(Frame(number, bytes(data), at_s))

    def reading(self, at_s: float = 1.0) -> BatteryReading:
        return self.decoder.reading(at_s)

    def rack(self, at_s: float = 1.0) -> RackReading:
        return self.reading(at_s).racks[0]


SINGLE = """key = "Whole"
[layout]
rack_by = "single"
[state]
signal = "Whole.State"
standby = ["READY"]
connected = ["CLOSED"]
fault = ["BROKEN"]
asleep = ["ASLEEP"]
[battery]
voltage_v = { signal = "Whole.Volts", invalid = [0xFFFF] }
current_a = { signal = "Whole.Amps", scale = -1.0, invalid = [0x8000] }
"""
