"""`appliance probe`: one reading of a real device, for the installer. Never writes, except with `--setup FILE --yes`."""

import argparse
import sys
from pathlib import Path
from typing import Final

OK, FAILED, WRONG_INPUT = 0, 1, 2
KINDS: Final = ("inverter", "meter", "sensor", "bms")
TARGETS: Final = """\
targets:
  tcp://192.168.1.20:502                     Modbus TCP
  rtu:///dev/ttyUSB0?baud=9600&parity=none   Modbus RTU; parity none, even, odd; stop_bits 1, 2
  can://can0                                 a BMS: listens for 3 s (--set listen_s=20)
  socketcand://192.168.1.5:29536/can0        the same over TCP
  i2c:///dev/i2c-1?address=0x76              a sensor
  pigpio://192.168.1.5:8888/1?address=0x76   the same over TCP
  files:///sys                               a sensor of this computer
  lxp://192.168.1.30:8000?dongle=SERIAL&inverter=SERIAL    LuxPower by its dongle
  lxprtu:///dev/ttyUSB0?inverter=SERIAL      LuxPower's own framing on RS-485
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `appliance probe` understands."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = TARGETS
    parser.add_argument("target", metavar="TARGET", help="where the device is; see below")
    parser.add_argument("--driver", required=True, metavar="NAME", help="as in site.toml")
    parser.add_argument("--as", dest="kind", choices=KINDS, help="when the name means several")
    parser.add_argument("--unit", type=int, metavar="N", help="Modbus unit id (default 1)")
    parser.add_argument(
        "--set", dest="options", action="append", default=[], metavar="OPTION=VALUE",
        help="one of the driver's own options; may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument(
        "--setup", type=Path, metavar="FILE", help="compare its set-up with this file"
    )
    parser.add_argument("--yes", action="store_true", help="write what differs from the file")


def run(chosen: argparse.Namespace) -> int:
    """Probe as the command line says; prints the reading. Returns the exit code."""
    from appliance.probe.found import ProbeError, WrongInputError
    from appliance.probe.probing import Asked, probe
    from appliance.probe.shown import as_json, as_text

    asked = Asked(
        chosen.target, chosen.driver, chosen.kind, chosen.unit,
        tuple(chosen.options), chosen.setup, chosen.yes,
    )  # fmt: skip
    try:
        found = probe(asked)
    except WrongInputError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_INPUT
    except ProbeError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    sys.stdout.write(as_json(found) if chosen.json else as_text(found))
    return OK
