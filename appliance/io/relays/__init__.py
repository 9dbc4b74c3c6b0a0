"""Relays: named digital outputs on pins, on a Strato Pi, on Modbus boards."""

from appliance.io.relays._coils import coils, coils_now, safe_coils
from appliance.io.relays._local import Relay, open_relay
from appliance.io.relays._switched import Switched
from appliance.io.relays._workers import relay_workers
from appliance.io.relays.modbus_relay import PROFILES, RelayBoard, boards

__all__ = [
    "PROFILES",
    "Relay",
    "RelayBoard",
    "Switched",
    "boards",
    "coils",
    "coils_now",
    "open_relay",
    "relay_workers",
    "safe_coils",
]
