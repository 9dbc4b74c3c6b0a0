"""A wrong provision.json: all mistakes at once, nothing half applied, no secret in any message."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrapper import provision, steps
from bootstrapper.box import Box
from simulator.hub import factory

SERIAL = "10000000c0ffee01"
WRONG: dict[str, object] = {
    "schema_version": 2,
    "serial_number": "xyz",
    "device_id": "",
    "hub_host": "hub.example/path",
    "device_key": "not base64 but secret",
    "ca_pem": "-----BEGIN NOTHING-----",
    "ntp_server": "time.example",
    "colour": "red",
}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    factory.make(tmp_path / "hub", "127.0.0.1", 1, SERIAL)
    boot = tmp_path / "hub" / "boot"
    return Box(boot, tmp_path / "data", tmp_path / "run", (boot / "cpuinfo",), time_wait_s=0.0)


def given(box: Box) -> dict[str, object]:
    document = json.loads(box.provision.read_text())
    assert isinstance(document, dict)
    return document


def test_all_mistakes_at_once(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    box.provision.write_text(json.dumps(WRONG))
    assert steps.run(box) == 2
    lines = [line for line in caplog.text.splitlines() if "provision.json" in line]
    assert len(lines) == len(WRONG)
    assert any("schema_version = 2; allowed: 1" in line for line in lines)
    assert any("serial_number = 'xyz'; allowed: 8 to 32 hexadecimal" in line for line in lines)
    assert any("hub_host = 'hub.example/path'; allowed: a host name" in line for line in lines)
    assert any("ntp_server = 'time.example'; allowed: host:port" in line for line in lines)
    assert any("colour is not known" in line for line in lines)
    assert any("device_key = (hidden); allowed: base64" in line for line in lines)
    assert str(WRONG["device_key"]) not in caplog.text
    assert not box.connection.exists()


@pytest.mark.parametrize("field", sorted(provision.ALLOWED))
def test_a_missing_field_is_named(box: Box, caplog: pytest.LogCaptureFixture, field: str) -> None:
    document = given(box)
    del document[field]
    box.provision.write_text(json.dumps(document))
    assert steps.run(box) == 2
    assert f"{field} is missing; allowed: {provision.ALLOWED[field]}" in caplog.text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"device_key": "SECRET"', "\0\0\0"])
def test_what_is_not_json_is_refused(
    box: Box, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    box.provision.write_text(content)
    assert steps.run(box) == 2
    assert "SECRET" not in caplog.text


def test_a_card_of_another_box_is_refused(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.provision.write_text(json.dumps(given(box) | {"serial_number": "10000000c0ffee99"}))
    assert steps.run(box) == 2
    assert f"serial_number = '10000000c0ffee99'; allowed: '{SERIAL}', this box" in caplog.text
    assert not box.connection.exists()


def test_a_wrong_change_keeps_the_old_connection(box: Box) -> None:
    steps.run(box)
    before = box.connection.read_bytes()
    box.provision.write_text(json.dumps(given(box) | {"hub_host": "no good"}))
    assert steps.run(box) == 2
    assert box.connection.read_bytes() == before


def test_a_right_change_is_applied(box: Box) -> None:
    steps.run(box)
    box.provision.write_text(json.dumps(given(box) | {"hub_host": "127.0.0.2"}))
    assert steps.run(box) == 1  # the time is not known
    assert json.loads(box.connection.read_text())["host"] == "127.0.0.2"


def test_a_connection_that_others_can_read_is_written_again(box: Box) -> None:
    steps.run(box)
    box.connection.chmod(0o644)
    steps.run(box)
    assert box.connection.stat().st_mode & 0o777 == 0o600


def test_the_key_is_in_no_text(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    steps.run(box)
    secret = str(given(box)["device_key"])
    known = provision.read(box)
    assert known.device_key.get_secret_value() == secret
    texts = [caplog.text, repr(known), str(known), (box.data / "bootstrap.json").read_text()]
    assert all(secret not in text for text in texts)


def test_the_command_line(box: Box) -> None:
    command = [sys.executable, "-m", "bootstrapper", "--time-wait-s", "0"]
    folders = ["--boot-folder", box.boot, "--data-folder", box.data, "--run-folder", box.run]
    cpuinfo = ["--cpuinfo", box.boot / "cpuinfo"]
    done = subprocess.run(
        [str(part) for part in [*command, *folders, *cpuinfo]],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "serial number",
        "time",
        "connection",
    ]
    assert str(given(box)["device_key"]) not in done.stderr
