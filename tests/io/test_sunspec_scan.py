"""Finding SunSpec models: chains as they should be, chains of garbage, and words that nobody meant."""

import random

import pytest

from appliance.io import inverters, meters
from appliance.io.buses import BusError, RefusedError, WrongDeviceError
from appliance.io.inverters import InverterDriver
from appliance.io.meters import MeterDriver
from appliance.io.plausible import plausible
from appliance.io.registers import Ask, Kind, Write
from appliance.io.sunspec.definitions import definition
from appliance.io.sunspec.device import USED_BY_INVERTERS
from appliance.io.sunspec.scan import BASES, scan
from appliance.model import InverterReading, MeterReading, PhaseReading, Setpoints
from appliance.site import Inverter, Meter
from simulator.wire.sunspec import Shape, SunSpec, grid_meter
from simulator.wire.sunspec_image import points
from simulator.wire.sunspec_tables import GROUPS, MODELS
from tests.io.rig import pretend_plant

Memory = dict[int, int]
MARKER = [0x5375, 0x6E53]
COMMON = [1, 66, *[0] * 66]
END = [0xFFFF, 0]


def memory(words: list[int], base: int = 40_000) -> Memory:
    return dict(enumerate(words, base))


def reader(words: Memory) -> Ask:
    """A device that refuses every address it does not have."""

    def ask(kind: Kind, address: int, count: int) -> tuple[int, ...]:
        assert kind == "holding" and 1 <= count <= 125
        try:
            return tuple(words[at] for at in range(address, address + count))
        except KeyError as error:
            raise RefusedError(f"no register {error}") from None

    return ask


def frozen(twin: SunSpec) -> Memory:
    """Every register of a pretend device, as it is now."""
    at = twin.image.addresses
    end = max(at.values()) + 64
    found: Memory = {}
    for address in range(min(at.values()) - 4, end):
        try:
            (found[address],) = twin.registers.read(3, address, 1)
        except Exception:  # noqa: BLE001 behind the end
            break
    return found


def an_inverter(**options: object) -> InverterDriver:
    return inverters.driver(
        Inverter(
            driver="sunspec", bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
            max_reactive_var=2e3, ramp_w_per_s=500.0, options=dict(options),
        )
    )  # fmt: skip


def values(driver: InverterDriver | MeterDriver, ask: Ask) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for block in driver.blocks:
        found |= block.decode(ask(block.kind, block.address, block.count))
    return found


class TestTables:
    @pytest.mark.parametrize("model", sorted(MODELS))
    def test_the_pretend_layout_is_that_of_the_definitions(self, model: int) -> None:
        known = definition(model)
        assert known is not None
        for table, listed, start in (
            (MODELS[model], known.points, 2),
            (GROUPS.get(model, ""), known.each, 0),
        ):
            ours = {
                p.name: (p.offset, p.type, p.words) for p in listed.values() if p.offset >= start
            }
            place, theirs = start, {}
            for point in points(table):
                theirs[point.name] = (place, point.kind, point.words)
                place += point.words
            assert theirs == ours

    def test_every_model_that_is_used_has_every_point_that_is_asked_for(self) -> None:
        from appliance.io.meters.sunspec import METERS, WANTED
        from appliance.io.sunspec.measured import INVERTERS, NEW, OLD, OLD_DC

        for model in INVERTERS:
            known = definition(model)
            assert known is not None
            for wanted in NEW if model == 701 else OLD + OLD_DC:
                assert wanted.point in known.points, (model, wanted.point)
        for model in METERS:
            known = definition(model)
            assert known is not None and all(wanted.point in known.points for wanted in WANTED)
        assert all(definition(model) is not None for model in USED_BY_INVERTERS)

    def test_an_unknown_model_has_no_definition(self) -> None:
        assert definition(64_999) is None


class TestChain:
    @pytest.mark.parametrize("base", BASES)
    def test_the_marker_is_found_at_each_base(self, base: int) -> None:
        ask = reader(memory([*MARKER, *COMMON, 64_999, 2, 7, 7, *END], base))
        assert [(p.model, p.address, p.length) for p in scan(ask)] == [
            (1, base + 2, 66),
            (64_999, base + 70, 2),
        ]

    def test_an_end_without_a_length_is_an_end(self) -> None:
        assert len(scan(reader(memory([*MARKER, *COMMON, 0xFFFF])))) == 1

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ([], "no marker at 40000, 0, 50000"),
            ([0x5375, 0x6E54, *COMMON, *END], "no marker"),
            ([*MARKER, *END], "without any model"),
            ([*MARKER, 103, 50, *[0] * 50, *END], "first SunSpec model is 103"),
            ([*MARKER, 1, 64, *[0] * 64, *END], "first SunSpec model is 1 with 64 words"),
            ([*MARKER, *COMMON], "breaks off at 40070"),
            ([*MARKER, *COMMON, 103, 50, *[0] * 40], "breaks off at 40122"),
            ([*MARKER, *COMMON, 103, 0, *END], "broken at 40070: model 103 with 0 words"),
            ([*MARKER, *COMMON, 0, 0, 0, 0, 0, 0], "broken at 40070"),
            ([*MARKER, *COMMON, 103, 60_000], "runs beyond the last register"),
            ([*MARKER, *COMMON, *[64_999, 1, 0] * 200, *END], "does not end"),
        ],
    )
    def test_garbage_is_a_wrong_device_in_one_sentence(
        self, words: list[int], sentence: str
    ) -> None:
        with pytest.raises(WrongDeviceError, match=sentence):
            scan(reader(memory(words)))

    def test_a_device_that_repeats_itself_for_ever_is_refused(self) -> None:
        """Address lines that are not connected: the same models again and again."""
        once = [*MARKER, *COMMON, 64_999, 66, *[0] * 66]

        def ask(_kind: Kind, address: int, count: int) -> tuple[int, ...]:
            return tuple(once[(at - 40_000) % len(once)] for at in range(address, address + count))

        with pytest.raises(WrongDeviceError):
            scan(ask)

    def test_silence_is_not_a_wrong_device(self) -> None:
        def ask(_kind: Kind, _address: int, _count: int) -> tuple[int, ...]:
            raise BusError("no answer")

        with pytest.raises(BusError) as caught:
            scan(ask)
        assert not isinstance(caught.value, WrongDeviceError)

    @pytest.mark.parametrize(
        ("chain", "sentence"),
        [
            ([64_999, 2, 0, 0], "no SunSpec inverter"),
            ([103, 20, *[0] * 20], "model 103 has 22 words, and must have 44"),
            ([802, 4, *[0] * 4], "model 802 has 6 words"),
        ],
    )
    def test_a_device_that_is_no_inverter_says_what_it_is(
        self, chain: list[int], sentence: str
    ) -> None:
        ask = reader(memory([*MARKER, *COMMON, *chain, *END]))
        with pytest.raises(WrongDeviceError, match=sentence):
            an_inverter().identify(ask)

    def test_an_inverter_is_no_meter(self) -> None:
        driver = meters.driver(Meter(driver="sunspec", bus="lan"))
        with pytest.raises(
            WrongDeviceError, match=r"no SunSpec meter number 1: Pretend Power Twin"
        ):
            driver.identify(reader(frozen(SunSpec(pretend_plant()))))


# ------------------------------------------------------------ words that nobody meant

EXTREME = (0, 1, 2, 9, 10, 11, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF, 0xFFF6, 0x7F80, 0x7FC0)
VARIANTS = 4_000


def mutated(words: Memory, chance: random.Random) -> Memory:
    """A few words changed, swapped or lost; now and then all of one stretch."""
    places = list(words)
    changed = dict(words)
    for _ in range(chance.randint(1, 30)):
        at = chance.choice(places)
        changed[at] = chance.choice((*EXTREME, chance.randrange(0x1_0000)))
    if chance.random() < 0.3:
        at = chance.choice(places)
        length = chance.randint(1, 200)
        changed |= {n: chance.randrange(0x1_0000) for n in range(at, at + length) if n in changed}
    if chance.random() < 0.1:
        cut = chance.choice(places)
        changed = {at: word for at, word in changed.items() if at < cut}
    return changed


def believable(reading: InverterReading | MeterReading | PhaseReading) -> bool:
    for name in reading.__struct_fields__:
        value = getattr(reading, name)
        if isinstance(value, float) and plausible(name, value) is None:
            return False
        if name == "phases" and not all(believable(phase) for phase in value):
            return False
    factor = getattr(reading, "power_factor", None)
    return factor is None or abs(factor) <= 1.001


def sendable(writes: tuple[Write, ...]) -> bool:
    return all(
        0 <= write.address <= 0xFFFF and write.words and all(0 <= w <= 0xFFFF for w in write.words)
        for write in writes
    )


SETPOINTS = (
    Setpoints(),
    Setpoints(power_w=1e9, reactive_var=-1e9, inverter_on=True),
    Setpoints(power_w=-1234.5, reactive_var=77.7, inverter_on=True, reset_faults=True),
    Setpoints(power_w=float("nan"), reactive_var=float("inf"), inverter_on=True),
)


@pytest.mark.parametrize("without", [frozenset(), {701}, {704}, {704, 124}, {701, 702, 704, 124}])
def test_no_inverter_words_do_harm(without: frozenset[int]) -> None:
    chance = random.Random(f"sunspec {sorted(without)}")
    true = frozen(SunSpec(pretend_plant(), shape=Shape(without=frozenset(without))))
    identified = 0
    for number in range(VARIANTS // 5):
        driver = an_inverter(
            control=chance.choice(("auto", "auto", "704", "124", "123")),
            without_timeout=bool(number % 2),
            battery=True,
            negative_limit_charges=bool(number % 3),
        )
        try:
            driver.identify(reader(mutated(true, chance)))
        except BusError as error:
            assert str(error)
            continue
        identified += 1
        found = values(driver, _all(chance))
        reading = driver.reading(found)
        assert believable(reading), reading
        assert sendable(driver.arm())
        for setpoints in SETPOINTS:
            assert sendable(driver.writes(setpoints, found, number))
    assert identified > VARIANTS // 50


def test_no_meter_words_do_harm() -> None:
    chance = random.Random("sunspec meter")
    twin = grid_meter(pretend_plant())
    true = {}
    for address in range(40_000, 40_000 + 70 + 107 + 2):
        (true[address],) = twin.registers.read(3, address, 1)
    identified = 0
    for number in range(VARIANTS):
        driver = meters.driver(Meter(driver="sunspec", bus="lan"))
        try:
            driver.identify(reader(mutated(true, chance)))
        except BusError as error:
            assert str(error)
            continue
        identified += 1
        assert believable(driver.reading(values(driver, _all(chance)))), number
    assert identified > VARIANTS // 20


def _all(chance: random.Random) -> Ask:
    """Answers anything with anything."""

    def ask(_kind: Kind, _address: int, count: int) -> tuple[int, ...]:
        return tuple(chance.choice((*EXTREME, chance.randrange(0x1_0000))) for _ in range(count))

    return ask
