"""`make run`: the pretend site around the box, and the box. Ctrl-C ends all of it."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("build/run")
READY_S = 20.0
END_S = 12.0


def main() -> int:
    """Start all, wait for the box or Ctrl-C, end all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--site", default="simulator/sites/home.toml")
    parser.add_argument("--scene", default="sunny", help="a profile's name or a CSV file")
    parser.add_argument("--at", default="08:00", help="time of day in the profile at the start")
    parser.add_argument("--fresh", action="store_true", help="forget what the last run stored")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    profile = Path(chosen.scene)
    if not profile.is_file():
        profile = ROOT / "simulator" / "profiles" / f"{chosen.scene}.csv"
    if not profile.is_file():
        names = sorted(path.stem for path in profile.parent.glob("*.csv"))
        sys.stderr.write(f"SCENE={chosen.scene}: no such scene; there is: {', '.join(names)}\n")
        return 2
    if chosen.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    check = subprocess.run(
        [sys.executable, "-m", "appliance", "config", "check", chosen.site], check=False
    )
    if check.returncode:
        return check.returncode
    # Both by our own handler: in the background of a script SIGINT is ignored otherwise.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    world: list[subprocess.Popen[str]] = []
    try:
        folder = ["--folder", str(FOLDER)]
        site = ["site", "--site", chosen.site, "--profile", str(profile), "--at", chosen.at]
        world = [_simulator("hub", *folder), _simulator(*site, *folder)]
        for process in world:
            _wait_ready(process)
        boot = ["--boot-folder", str(FOLDER / "boot"), "--cpuinfo", str(FOLDER / "boot/cpuinfo")]
        box = _start(["appliance", "run", "--site", chosen.site, *boot])
        world.append(box)
        _welcome(chosen.site)
        return box.wait()
    except KeyboardInterrupt:
        sys.stderr.write("\nending …\n")
        return 0
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        _end(world)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _simulator(*command: str) -> subprocess.Popen[str]:
    return _start(["simulator", *command], stdout=subprocess.PIPE)


def _start(command: list[str], stdout: int | None = None) -> subprocess.Popen[str]:
    # Its own session: Ctrl-C reaches only this program, which ends the others in order.
    return subprocess.Popen(
        [sys.executable, "tools/with_parent.py", *command],
        start_new_session=True,
        stdout=stdout,
        text=True,
    )


def _wait_ready(process: subprocess.Popen[str]) -> None:
    """The first line a simulator prints says that it is ready; later ones are passed on."""
    assert process.stdout is not None
    timer = threading.Timer(READY_S, process.kill)
    timer.start()
    line = process.stdout.readline()
    timer.cancel()
    if not line:
        msg = f"{' '.join(process.args[2:4])} did not start; see above"  # type: ignore[index]
        raise RuntimeError(msg)
    sys.stdout.write(line)
    threading.Thread(target=_pass_on, args=(process,), daemon=True).start()


def _pass_on(process: subprocess.Popen[str]) -> None:
    for line in process.stdout or ():
        sys.stdout.write(line)


def _welcome(site: str) -> None:
    sys.stdout.write(
        "\nThe box runs. In another terminal:\n"
        f"  export APPLIANCE_SITE={site}\n"
        "  .venv/bin/appliance ctl status\n"
        "  .venv/bin/appliance ctl mode passive\n"
        f"  .venv/bin/python -m simulator plug meter.grid silent --folder {FOLDER}\n"
        f"  .venv/bin/python -m simulator estop press --folder {FOLDER}\n"
        "Ctrl-C ends all of it.\n\n"
    )
    sys.stdout.flush()


def _end(world: list[subprocess.Popen[str]]) -> None:
    """The box first, so that it can bring its devices to rest; then the world."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    deadline = time.monotonic() + END_S
    for process in reversed(world):
        process.terminate()
        try:
            process.wait(max(0.5, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(2.0)


if __name__ == "__main__":
    sys.exit(main())
