"""A LuxPower driver and its pretend inverter, without a wire."""

from collections.abc import Mapping
from typing import Any

from appliance.model import Setpoints
from appliance.site import Inverter
from simulator.models.inverter import State
from simulator.wire.luxpower import LuxPower
from tests.io.rig import InverterRig

QUICK: Mapping[str, Any] = {"rated_w": 10_000.0, "window_min": 6, "pause_s": 0.0}

STILL = Setpoints(inverter_on=True, contactors_closed=True)


def power(power_w: float) -> Setpoints:
    return Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)


def lxp(**options: Any) -> InverterRig:
    settings = Inverter(
        driver="luxpower_lxp", bus="lan", max_charge_w=5e3, max_discharge_w=5e3,
        options={**QUICK, **options},
    )  # fmt: skip
    return InverterRig(settings, LuxPower)


def twin(rig: InverterRig) -> LuxPower:
    assert isinstance(rig.twin, LuxPower)
    return rig.twin


def at(rig: InverterRig, power_w: float) -> bool:
    return abs(rig.power_w - power_w) < 5.0


def running(rig: InverterRig) -> InverterRig:
    assert rig.run(20.0, STILL, lambda: rig.site.inverter.state is State.OPERATION)
    return rig


def held(rig: InverterRig, address: int) -> int:
    return twin(rig).held(address)
