"""The cloud process against the hub: nothing lost, everything answered, whatever is pulled out."""

import logging
import os
import subprocess
import sys

import pytest

from appliance.cloud.link import Access, CloudLink, OnMethod, StuckError
from appliance.model import GoToMode
from appliance.site import Cloud
from simulator.hub.client import HubError
from tests.cloud.conftest import CloudProcess, Site, WillingCore, delivered, drained, ids
from tests.hub.pretend import SDK_HABITS, PretendHub, until

pytestmark = list(SDK_HABITS)

RUN = """
import sys
from pathlib import Path
from appliance.clock import SystemClock
from appliance.cloud.agent import run_cloud
from appliance.site import SiteSettings
from appliance.supervisor import Lease
clock = SystemClock()
settings = SiteSettings.model_validate_json(Path(sys.argv[1]).read_text())
sys.exit(run_cloud(settings, clock, Lease(clock)))
"""


def own_process(site: Site) -> subprocess.Popen[bytes]:
    """The cloud process as a process, to be killed."""
    path = site.run / "site.json"
    path.write_text(site.settings.model_dump_json())
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", RUN, str(path)], env=env)


def test_telemetry_leaves_the_outbox(site: Site, hub: PretendHub, cloud: CloudProcess) -> None:
    site.enqueue(3)
    site.bootstrap(hub.access())
    drained(site)
    [message] = hub.control.telemetry()
    assert delivered(hub) == [1, 2, 3]
    assert message["message_id"] == "box-10000000c0ffee01-1795262400-1-3"
    assert message["properties"] == {
        "schema": "SC_Spot_10s",
        "v": "1",
        "n": "3",
        "first": "1",
        "last": "3",
        "iothub-creation-time-utc": "2026-11-21T12:00:00+00:00",
    }
    site.enqueue(1)
    drained(site)
    assert delivered(hub) == [1, 2, 3, 4]


def test_it_waits_for_a_trusted_clock_and_says_so_once(
    site: Site, hub: PretendHub, cloud: CloudProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "appliance.cloud")
    site.bootstrap(hub.access(), trusted=False)
    until(lambda: "the clock is not trusted: tomorrow it is" in caplog.text)
    with pytest.raises(HubError, match="404103"):
        hub.control.invoke("GoToMode_Passive")
    site.bootstrap(hub.access())
    until(hub.control.online)
    assert caplog.text.count("the clock is not trusted") == 1


def test_a_command_changes_the_mode(
    site: Site, hub: PretendHub, core: WillingCore, cloud: CloudProcess
) -> None:
    site.bootstrap(hub.access())
    until(lambda: ready(hub))
    status, body = hub.control.invoke("GoToMode_SelfConsumption", {"commandId": "c-1"})
    assert (status, body) == (200, {"ok": True, "reason": "granted to cloud"})
    [request] = core.seen
    assert (request.source, request.want) == ("cloud", GoToMode("self_consumption"))
    assert hub.control.invoke("GoToMode_SelfConsumption", {"commandId": "c-1"})[0] == 200
    assert len(core.seen) == 1, "the same command is not done twice"


def ready(hub: PretendHub) -> bool:
    """True once the device listens for methods."""
    try:
        return hub.control.invoke("Unknown")[0] == 404
    except HubError:
        return False


def test_a_silent_core_is_told_to_the_cloud(
    site: Site, hub: PretendHub, cloud: CloudProcess
) -> None:
    site.bootstrap(hub.access())
    until(lambda: ready(hub))
    status, body = hub.control.invoke("GoToMode_Passive")
    assert status == 504
    assert isinstance(body, dict)
    assert "the core does not answer" in str(body["reason"])


def test_a_cut_hub_loses_nothing(site: Site, hub: PretendHub, cloud: CloudProcess) -> None:
    site.bootstrap(hub.access())
    site.enqueue(1)
    drained(site)
    hub.control.cut()
    site.enqueue(40)
    hub.control.mend()
    until(lambda: ready(hub))
    drained(site)
    assert sorted(set(delivered(hub))) == list(range(1, 42))
    assert len(delivered(hub)) == 41


def test_a_lost_puback_repeats_the_same_message(
    site: Site, hub: PretendHub, cloud: CloudProcess
) -> None:
    site.bootstrap(hub.access())
    until(lambda: ready(hub))
    hub.control.lose_pubacks(1)
    site.enqueue(1)
    until(lambda: delivered(hub))
    assert site.outbox.depth() == 1, "not forgotten before it is confirmed"
    site.enqueue(2)
    hub.control.cut()
    hub.control.mend()
    drained(site)
    sent = ids(hub)
    assert sent[0] == sent[1]
    assert delivered(hub) == [1, 1, 2, 3]


def test_a_killed_process_loses_nothing(site: Site, hub: PretendHub) -> None:
    site.bootstrap(hub.access())
    site.enqueue(2)
    hub.control.lose_pubacks(1)
    victim = own_process(site)
    until(lambda: delivered(hub))
    site.enqueue(3)
    victim.kill()
    victim.wait(5)
    hub.control.mend()
    heir = CloudProcess(site)
    drained(site)
    heir.end()
    assert ids(hub)[0] == ids(hub)[1], "the repetition is recognisable"
    assert delivered(hub) == [1, 2, 1, 2, 3, 4, 5]


def test_it_ends_when_told(site: Site, hub: PretendHub) -> None:
    site.bootstrap(hub.access())
    process = CloudProcess(site)
    until(hub.control.online)
    process.end(3.0)
    assert process.code == 0
    until(lambda: not hub.control.online())


def test_a_half_open_link_is_replaced(
    site: Site, hub: PretendHub, cloud: CloudProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stands, nothing is answered: the send's deadline notices."""
    monkeypatch.setattr("appliance.cloud.sdk.SEND_S", 0.3)
    site.bootstrap(hub.access())
    until(lambda: ready(hub))
    hub.control.silent()
    site.enqueue(2)
    until(lambda: not hub.control.online())
    assert site.outbox.depth() == 2
    hub.control.mend()
    drained(site)
    assert delivered(hub) == [1, 2]


def test_a_stuck_sdk_ends_the_process(site: Site, hub: PretendHub) -> None:
    """What cannot even be closed is healed by a new process only."""

    def stuck(_access: Access, _on_method: OnMethod) -> CloudLink:
        raise StuckError("the SDK does not shut down")

    site.bootstrap(hub.access())
    process = CloudProcess(site, stuck)
    until(lambda: process.code is not None)
    process.end()
    assert (process.code, process.gave_up) == (1, [1])


def test_switched_off_in_site_toml(site: Site, hub: PretendHub) -> None:
    site.bootstrap(hub.access())
    site.settings = site.settings.model_copy(update={"cloud": Cloud(enabled=False)})
    process = CloudProcess(site)
    process.end()
    assert process.code == 0
    assert not hub.control.online()


def test_the_key_is_in_no_log(
    site: Site, hub: PretendHub, cloud: CloudProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("azure").setLevel(logging.DEBUG)
    access = hub.access()
    site.bootstrap(access)
    until(lambda: ready(hub))
    site.enqueue(1)
    drained(site)
    hub.control.cut()
    until(lambda: "no link to" in caplog.text)
    assert access.key not in caplog.text
    assert access.key not in repr(access)
