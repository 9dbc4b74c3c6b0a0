"""Batteries on CAN. A BMS family is two files in dbc/ and no code: see dbc/README.md."""

from appliance.io.bms._workers import bms_workers
from appliance.io.bms.decoder import Decoder
from appliance.io.bms.family import FamilyError, load_family

__all__ = ["Decoder", "FamilyError", "bms_workers", "load_family"]
