"""A meter from a TOML table: the example reads like the driver; every mistake at once with its path."""

import struct
from pathlib import Path
from random import Random

import pytest

from appliance.data_file import DataFileError
from appliance.io._register_table import read_table
from appliance.io.meters.table import NAMES
from simulator.models.profile import load_profile
from simulator.models.site import pretend_site
from simulator.wire import carlo_gavazzi as twin
from tests.io.meter_words import believable, make, read, read_by
from tests.stories import HOME

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "meter_em340.toml"
HEAD = 'title = "My meter"\nsource = "its manual"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "meter.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(DataFileError) as caught:
        read_table(written(folder, text), NAMES)
    assert str(caught.value).startswith(
        f"{folder / 'meter.toml'}: {len(caught.value.mistakes)} mistake"
    )
    return caught.value.mistakes


@pytest.mark.parametrize("load_w", [4000.0, 500.0])
def test_the_example_reads_the_pretend_em340(load_w: float) -> None:
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"))
    site.override_load_w, site.override_pv_w = load_w, 1000.0
    site.grid_import_wh = 7000.0
    site.step(1.0)
    meter = twin.CarloGavazzi(site, twin.grid_flow(site), 341)
    for mounting, sign in (("normal", 1.0), ("reversed", -1.0)):
        driver = make("table", mounting, options={"table": str(EXAMPLE)})  # type: ignore[arg-type]
        values: dict[str, float | None] = {}
        for block in driver.blocks:
            values |= block.decode(meter.registers.read(3, block.address, block.count))
        reading = driver.reading(values)
        assert reading.power_w == pytest.approx(sign * (load_w - 1000.0), abs=0.25)
        assert reading.frequency_hz == pytest.approx(site.frequency_hz, abs=0.06)
        assert len(reading.phases) == 1
        counted = reading.import_wh if sign > 0 else reading.export_wh
        assert counted == pytest.approx(7000.0, abs=60.0)
        assert driver.reading({}).power_w is None


def test_word_order_sign_kind_and_invalid(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD
        + """
        word_order = "low_first"
        [[register]]
        name = "power_w"
        address = 10
        type = "f32"
        sign = -1
        word_order = "high_first"
        [[register]]
        name = "import_wh"
        address = 20
        type = "u32"
        scale = 100
        kind = "input"
        invalid = [0xFFFFFFFF]
        """,
    )
    driver = make("table", options={"table": str(path)})
    kinds = {row.name: row.kind for block in driver.blocks for row in block.registers}
    assert kinds == {"power_w": "holding", "import_wh": "input"}
    high, low = struct.unpack(">HH", struct.pack(">f", 1250.5))
    reading = read(driver, {10: high, 11: low, 20: 0x86A1, 21: 1})
    assert reading.power_w == pytest.approx(-1250.5)
    assert reading.import_wh == pytest.approx(10_000_100.0)
    assert read(driver, {20: 0xFFFF, 21: 0xFFFF}).import_wh is None
    assert driver.reading({}).power_w is None, "not a sum of no phases"


def test_phases_alone_make_the_total(tmp_path: Path) -> None:
    rows = "".join(
        f'[[register]]\nname = "l{n}_w"\naddress = {n}\ntype = "i16"\n' for n in (1, 2, 3)
    )
    driver = make("table", options={"table": str(written(tmp_path, HEAD + rows))})
    assert read(driver, {1: 100, 2: 200, 3: 0xFFFF}).power_w == pytest.approx(299.0)
    assert driver.reading({"l1_w": 1.0, "l2_w": None, "l3_w": 1.0}).power_w is None


def test_every_mistake_of_the_form_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        """
        title = "My meter"
        colour = "red"
        word_order = "middle"
        [[register]]
        name = "power_w"
        address = 70000
        type = "i24"
        scale = 0
        [[register]]
        name = "Import"
        type = "u32"
        sign = 2
        """,
    )
    text = "\n".join(found)
    assert len(found) == 10
    for part in (
        "source: missing", "colour: unknown key", 'word_order = "middle"', "'high_first' or 'low_first'",
        "register.1.scale = 0: any number but 0", "register.1.address = 70000", "65535", 'register.1.type = "i24"', "'f32'",
        'register.2.name = "Import"', "register.2.address: missing", "register.2.sign = 2",
    ):  # fmt: skip
        assert part in text


def test_every_mistake_of_the_meaning_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        HEAD
        + """
        max_words = 2
        [[register]]
        name = "power_w"
        address = 65535
        type = "i32"
        [[register]]
        name = "power_w"
        address = 1
        type = "bit"
        [[register]]
        name = "power_kw"
        address = 1
        type = "u64"
        [[register]]
        name = "l1_v"
        address = 1
        type = "u16"
        kind = "coil"
        [[register]]
        name = "l1_a"
        address = 1
        type = "u16"
        invalid = [0x10000]
        """,
    )
    starts = [mistake.split(":")[0] for mistake in found]
    assert starts == [
        "register.1.address = 65535", 'register.2.name = "power_w"', 'register.2.type = "bit"',
        'register.3.name = "power_kw"', 'register.3.type = "u64"', 'register.4.type = "u16"',
        "register.5.invalid = [65536]",
    ]  # fmt: skip
    assert "apparent_va, export_wh, frequency_hz" in found[3]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title = ", "is not TOML"),
        (HEAD, "register: missing"),
        (HEAD + "register = []", "register: "),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, text: str, reason: str) -> None:
    assert mistakes(tmp_path, text)[0].startswith(reason)


def test_a_table_without_power_or_without_a_file(tmp_path: Path) -> None:
    row = '[[register]]\nname = "import_wh"\naddress = 1\ntype = "u32"\n'
    with pytest.raises(ValueError, match="power_w is missing"):
        make("table", options={"table": str(written(tmp_path, HEAD + row))})
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        make("table", options={"table": str(tmp_path / "none.toml")})


def test_100_000_mutated_answers() -> None:
    rng = Random(3)
    driver = make("table", options={"table": str(EXAMPLE)})
    for _ in range(100_000 // len(driver.blocks)):
        believable(
            read_by(driver, lambda _cell: rng.choice((0, 0xFFFF, 0x7FFF, rng.getrandbits(16))))
        )
