"""The SunSpec inverter driver against its twin, in virtual time: which devices there are, and how they are looked at."""

from appliance.model import InverterReading, InverterState, Setpoints
from appliance.site import Inverter
from simulator.models.site import Site
from simulator.wire.sunspec import Shape, SunSpec
from tests.io.rig import InverterRig

WAY_704 = Shape()
WAY_124 = Shape(without=frozenset({704}))
WAY_123 = Shape(without=frozenset({704, 124}), signed_limit=True)
OLD_ONLY = Shape(without=frozenset({701, 702, 703, 704, 713, 714, 715, 802, 803}))
BY_PERCENT = Shape(missing=frozenset({"704.WSet"}))
CHARGES = {"negative_limit_charges": True}


def rig(shape: Shape = WAY_704, **options: object) -> InverterRig:
    settings = Inverter(
        driver="sunspec", bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
        max_reactive_var=2e3, options=dict(options),
    )  # fmt: skip
    return InverterRig(settings, lambda site: twin(site, shape))


def twin(site: Site, shape: Shape) -> SunSpec:
    return SunSpec(site, shape=shape)


def on(power_w: float = 0.0, reactive_var: float = 0.0) -> Setpoints:
    return Setpoints(power_w=power_w, reactive_var=reactive_var, inverter_on=True)


def seen(one: InverterRig) -> InverterReading:
    assert one.reading is not None
    return one.reading


def started(shape: Shape = WAY_704, **options: object) -> InverterRig:
    one = rig(shape, **options)
    assert one.run(10.0, on(), lambda: one.reading is not None and runs(one))
    return one


def runs(one: InverterRig) -> bool:
    return seen(one).state is InverterState.RUNNING


def value(one: InverterRig, key: str) -> float:
    assert isinstance(one.twin, SunSpec)
    return one.twin.image.number(key)


def address(one: InverterRig, key: str) -> int:
    assert isinstance(one.twin, SunSpec)
    return one.twin.image.addresses[key]


def written(one: InverterRig, key: str) -> list[tuple[int, ...]]:
    return [write.words for write in one.bus.written if write.address == address(one, key)]
