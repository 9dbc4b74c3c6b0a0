"""LuxPower's registers that are read, and in which requests.

A request takes 40 registers at most and does not cross a multiple of 40; newer inverters answer 127.
Source of all: Lux Power "Modbus RTU Protocol" V23 (L1); addresses from 0.
"""

from collections import defaultdict
from dataclasses import replace
from typing import Final

from appliance.io.registers import Block, Kind, Register, Type, grouped

SHORT_READ: Final = 40
LONG_READ: Final = 120
FUNCTIONS: Final = 21
CRITERION: Final = 120


def _row(
    address: int, name: str, scale: float = 1.0, size: Type = "u16", *, slow: bool = True
) -> Register:
    return Register(address, size, name, "L1 input", kind="input", scale=scale, slow=slow)


def _fast(address: int, name: str, scale: float = 1.0) -> Register:
    return _row(address, name, scale, slow=False)


def _set(address: int, name: str) -> Register:
    return Register(address, "u16", name, "L1 holding", slow=True)


MEASURED = (
    _fast(0, "state"),
    _fast(4, "battery_v", 0.1),
    _fast(5, "soc_soh"),
    _fast(6, "internal_fault"),
    _fast(10, "battery_charge_w"),
    _fast(11, "battery_discharge_w"),
    _fast(12, "l1_v", 0.1),
    _fast(15, "frequency_hz", 0.01),
    _fast(16, "l1_out_w"),
    _fast(17, "l1_in_w"),
    _fast(18, "l1_a", 0.01),
    _fast(19, "power_factor_raw"),
    _fast(23, "island_hz", 0.01),
    Register(60, "u32", "fault_bits", "L1 input", "input", low_word_first=True, slow=True),
    Register(62, "u32", "warning_bits", "L1 input", "input", low_word_first=True, slow=True),
    _row(64, "inner_c", size="i16"),
    _row(65, "radiator_1_c", size="i16"),
    _row(66, "radiator_2_c", size="i16"),
)
THREE_PHASE = (
    _fast(13, "l2_v", 0.1),
    _fast(14, "l3_v", 0.1),
    _fast(180, "l2_out_w"),
    _fast(181, "l3_out_w"),
    _fast(182, "l2_in_w"),
    _fast(183, "l3_in_w"),
    _fast(190, "l2_a", 0.01),
    _fast(191, "l3_a", 0.01),
)
HELD = (
    _set(12, "clock_1"),
    _set(13, "clock_2"),
    _set(14, "clock_3"),
    _set(FUNCTIONS, "functions"),
    _set(64, "charge_limit"),
    _set(65, "discharge_limit"),
    _set(66, "charge_power"),
    _set(67, "charge_soc"),
    *(_set(68 + at, f"charge_window_{at}") for at in range(6)),
    _set(82, "discharge_power"),
    _set(83, "discharge_soc"),
    *(_set(84 + at, f"discharge_window_{at}") for at in range(6)),
)
CRITERION_ROW: Final = _set(CRITERION, "charge_criterion")
FINE = (_set(140, "charge_power"), _set(142, "discharge_power"))
"""In 0.1 %, in place of 66 and 82."""


def battery_rows(current_scale: float) -> tuple[Register, ...]:
    """What the battery says of itself, through the inverter."""
    rows = (
        _row(81, "bms_charge_a", current_scale),
        _row(82, "bms_discharge_a", current_scale),
        _row(83, "bms_charge_v", 0.1),
        _row(84, "bms_cut_off_v", 0.1),
        _row(98, "battery_a", 0.01, "i16"),
        _row(99, "bms_fault"),
        _row(100, "bms_warning"),
        # 0 mV: the battery does not say (an assumption: no cell that can speak has 0 V).
        Register(101, "u16", "cell_max_v", "L1 input", "input", 0.001, invalid=(0,), slow=True),
        Register(102, "u16", "cell_min_v", "L1 input", "input", 0.001, invalid=(0,), slow=True),
        _row(103, "cell_max_c", 0.1, "i16"),
        _row(104, "cell_min_c", 0.1, "i16"),
        _row(106, "cycles"),
    )
    return tuple(replace(row, optional=True) for row in rows)


def requests(rows: tuple[Register, ...], longest: int) -> tuple[Block, ...]:
    """The fewest requests that keep to the device's rule: fast ones first."""
    pages: dict[tuple[Kind, int], list[Register]] = defaultdict(list)
    for row in rows:
        pages[row.kind, row.address // longest].append(row)
    blocks = [
        block
        for page in pages.values()
        for block in grouped(page, max_words=longest, max_gap=longest)
    ]
    return tuple(sorted(blocks, key=lambda block: (block.slow, block.kind, block.address)))
