"""What does the factory write into a box? The boot partition, the certificate authority, the keys.

All of it is made once per folder and used again at the next start: a provisioned box stays provisioned.
"""

import base64
import json
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
from typing_extensions import override

from simulator.hub.credentials import derive_key

CPUINFO = """\
processor\t: 0
model name\t: ARMv8 Processor rev 3 (v8l)

Hardware\t: BCM2835
Revision\t: c03114
Serial\t\t: {serial}
Model\t\t: Raspberry Pi 4 Model B Rev 1.4
"""


@dataclass(frozen=True, slots=True)
class Made:
    """What the hub needs to know of the box it was made for."""

    device_id: str
    device_key: str
    tls: ssl.SSLContext

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"Made(device_id={self.device_id!r})"


def make(folder: Path, address: str, ntp_port: int, serial: str) -> Made:
    """Write `boot/provision.json`, `boot/cpuinfo` and `ca.pem`; the hub's side of the same."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = _authority(folder)
    device_id = f"box-{serial}"
    device_key = derive_key(_group_key(folder), device_id)
    ca_pem = authority.cert_pem.bytes().decode()
    (folder / "ca.pem").write_text(ca_pem)
    boot = folder / "boot"
    boot.mkdir(exist_ok=True)
    (boot / "cpuinfo").write_text(CPUINFO.format(serial=serial))
    provision = {
        "schema_version": 1,
        "serial_number": serial,
        "device_id": device_id,
        "hub_host": address,
        "device_key": device_key,
        "ca_pem": ca_pem,
        "ntp_server": f"{address}:{ntp_port}",
    }
    _write_secret(boot / "provision.json", json.dumps(provision, indent=2) + "\n")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(address).configure_cert(tls)
    return Made(device_id, device_key, tls)


def _authority(folder: Path) -> trustme.CA:
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="Simulated hub")
    certificate.write_bytes(authority.cert_pem.bytes())
    _write_secret(key, authority.private_key_pem.bytes().decode())
    return authority


def _group_key(folder: Path) -> str:
    path = folder / "group.key"
    if not path.exists():
        _write_secret(path, base64.b64encode(secrets.token_bytes(32)).decode())
    return path.read_text()


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
