"""The commands: start, ask, end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import ntplib
import pytest

from simulator.hub.run import ask
from tests.hub.pretend import PretendHub, address

START = "import sys; from simulator.hub.run import main; sys.exit(main(sys.argv[1:]))"


def test_it_starts_says_where_and_ends_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START, "--folder", str(tmp_path), "--address", address()]
    with subprocess.Popen([*command, "--ntp-port", "0"], stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        assert hub.stdout.readline().startswith("hub ready at 127.")
        assert "10000000c0ffee01" in (tmp_path / "boot" / "cpuinfo").read_text()
        asked_s = time.monotonic()
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(5) == 0
        assert time.monotonic() - asked_s < 1.0


def test_asking(hub: PretendHub, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--folder", str(hub.folder)]
    assert ask([*folder, "invoke", "GoToMode_Passive", "{}"]) == 1
    assert "404103" in capsys.readouterr().err
    assert ask([*folder, "telemetry"]) == 0
    assert capsys.readouterr().out == ""
    assert ask([*folder, "devices"]) == 0
    assert json.loads(capsys.readouterr().out) == {"box-10000000c0ffee01": False}


def test_asking_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(["--folder", str(tmp_path), "cut"]) == 1
    assert "no hub runs" in capsys.readouterr().err


def test_a_wrong_order_is_answered(hub: PretendHub) -> None:
    with pytest.raises(Exception, match="there is: "):
        hub.control.order("explode")


def test_the_time_is_as_wrong_as_asked(hub: PretendHub) -> None:
    server = json.loads((hub.boot / "provision.json").read_text())["ntp_server"]
    host, port = server.split(":")
    client = ntplib.NTPClient()
    assert abs(client.request(host, port=int(port), timeout=2).offset) < 0.5
    hub.control.set_clock(3_600.0)
    assert client.request(host, port=int(port), timeout=2).offset == pytest.approx(3_600, abs=0.5)


def test_a_box_stays_provisioned_over_a_restart(tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        hub = PretendHub(tmp_path)
        given = json.loads((hub.boot / "provision.json").read_text())
        written.append((given["device_key"], given["ca_pem"]))
        hub.close()
    assert written[0] == written[1]
