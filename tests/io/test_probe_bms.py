"""`appliance probe` of a BMS over a socketcand server: what it hears, and what it sends at most."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydantic import ValidationError

from appliance.io.bms import load_family
from appliance.io.bms._map_requests import RequestMap
from appliance.registry import bms_families
from simulator.wire.socketcand import Frame
from tests.io.fake_socketcand import FakeSocketcand
from tests.io.probed import Probe
from tests.simulator.can_bench import OnSocket, on_socket

SINGLE = [("foxbms2", 60, 128), ("nbms_2_5", 90, 224), ("cbms", 60, 216)]
"""These tell of every cell: how many of them are heard in 3 s at least, and how many there are."""
ASKED = {"pylontech_hv": {0x4200}}
"""By family: the identifiers of its questions."""
FAMILIES = ["pylontech_hv", "nbms_2_5", "cbms", "pylontech_lv", "sma_35x", "foxbms2"]


@contextmanager
def told(battery: OnSocket) -> Iterator[set[int]]:
    """Identifiers of what the battery is sent."""
    numbers: set[int] = set()
    take = battery.twin.take

    def taken(frame: Frame) -> None:
        numbers.add(frame.can_id)
        take(frame)

    battery.twin.take = taken  # type: ignore[method-assign]
    yield numbers


def place(battery: OnSocket) -> str:
    return f"socketcand://127.0.0.1:{battery.twin._bus.port}/can0"


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_gives_a_reading_and_hears_questions_alone(probe: Probe, name: str) -> None:
    with on_socket(name, 1) as battery, told(battery) as numbers:
        said = probe(place(battery), "--driver", name, "--json")
    assert said.code == 0, said.err
    reading = said.json["reading"]
    assert 40.0 < reading["voltage_v"] < 800.0 and 0.0 < reading["soc_pct"] < 100.0
    assert said.json["took_s"] < 3.5
    assert numbers == ASKED.get(name, set())


@pytest.mark.parametrize(("name", "least", "cells"), SINGLE)
def test_single_cells_until_all_are_told_or_the_time_is_over(
    probe: Probe, name: str, least: int, cells: int
) -> None:
    with on_socket(name, 1) as battery:
        said = probe(place(battery), "--driver", name)
    assert said.code == 0
    (line,) = [line for line in said.out.splitlines() if "single cells" in line]
    found = re.search(r"  (\d+) of (\d+), 3\.\d{3} to 3\.\d{3} V$", line)
    assert found and least <= int(found[1]) <= cells == int(found[2]), line
    assert ("one round of all cells" in said.out) == (int(found[1]) < cells)
    assert max(map(len, said.out.splitlines())) < 120
    labels = [row[:32].rstrip() for row in said.out.splitlines() if row.startswith("  ")]
    assert len(set(labels)) == len(labels), "no label twice"
    assert "max charge power" in said.out and "rack 1 cell min temperature" in said.out


def test_every_cell_when_there_is_time(probe: Probe) -> None:
    with on_socket("foxbms2", 1) as battery:
        said = probe(place(battery), "--driver", "foxbms2", "--set", "listen_s=20", "--json")
    (rack,) = said.json["reading"]["racks"]
    assert len(rack["cells_v"]) == 128 and None not in rack["cells_v"]
    assert said.json["took_s"] < 10.0 and said.json["warnings"] == []


def test_only_questions_may_be_marked_so() -> None:
    for key in ("open", "close", "reset_faults", "balance", "sleep", "wake"):
        with pytest.raises(ValidationError, match=f"more than ask: {key}"):
            RequestMap.model_validate(
                {"message": "M", "period_s": 1.0, "question": True, key: {"Signal": 1}}
            )
    with pytest.raises(ValidationError, match="more than ask: racks, on"):
        RequestMap.model_validate(
            {"message": "M", "period_s": 1.0, "question": True, "racks": "R", "on": "wake"}
        )


def test_of_all_maps_only_the_one_that_answers_has_questions() -> None:
    asking = {
        name for name in bms_families() if any(row.question for row in load_family(name).request)
    }
    assert asking == set(ASKED)


def test_asked_and_silent(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.probe.listening.LISTEN_S", 0.8)
    with FakeSocketcand() as bus:
        target = f"socketcand://127.0.0.1:{bus.port}/can0"
        said = probe(target, "--driver", "pylontech_hv")
        sent = [(number, data) for _at_s, number, data in bus.sent]
    assert said.code == 1 and "nothing heard in 0.8 s, though asked" in said.err
    assert sent == [(0x4200, bytes(8)), (0x4200, bytes([2]) + bytes(7))]


def test_a_server_that_says_something_else_is_told_in_words(probe: Probe) -> None:
    with FakeSocketcand(greeting=b"< 220 mail's here >") as server:
        said = probe(f"socketcand://127.0.0.1:{server.port}/can0", "--driver", "foxbms2")
    assert said.code == 1 and "220 mail's here" in said.err
    assert "b'" not in said.err and 'b"' not in said.err
