"""Step 1: who am I? The serial number that is burnt into the processor, else the best there is."""

import re
from pathlib import Path

from bootstrapper.box import Box, LaterError
from bootstrapper.files import encoded, read_document, write_atomically

CPUINFO = re.compile(rb"^Serial\s*:\s*([0-9a-fA-F]{8,16})\s*$", re.MULTILINE)
BARE = re.compile(rb"^\s*([0-9a-fA-F]{8,32})[\s\0]*$")
"""Device tree (ends with a zero byte) and machine-id hold nothing else."""

SOURCES = (
    Path("/proc/cpuinfo"),
    Path("/sys/firmware/devicetree/base/serial-number"),
    Path("/etc/machine-id"),
)


def is_done(box: Box) -> bool:
    """A serial number once found stays, whatever the sources say later."""
    identity = read_document(box.identity)
    return identity is not None and bool(identity.get("serial_number"))


def do(box: Box) -> str:
    """Write identity.json. Raises LaterError when no source has a number."""
    for source in box.serial_sources:
        number = _number(source)
        if number is not None:
            identity = {"serial_number": number, "source": source.name}
            write_atomically(box.identity, encoded(identity))
            return f"{number} (from {source.name})"
    looked = ", ".join(str(source) for source in box.serial_sources)
    msg = f"no serial number in {looked}"
    raise LaterError(msg)


def _number(source: Path) -> str | None:
    try:
        content = source.read_bytes()
    except OSError:
        return None
    found = CPUINFO.search(content) or BARE.match(content)
    number = found.group(1).decode().lower() if found else None
    return number if number and number.strip("0") else None


def serial_number(box: Box) -> str | None:
    """What this step found."""
    found = (read_document(box.identity) or {}).get("serial_number")
    return str(found) if found else None
