"""Fixtures of several files: the probe as it is typed, a file in the place of /dev/watchdog."""

from pathlib import Path

import pytest

from appliance.__main__ import main
from tests.io.probed import Probe, Said


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str]) -> Probe:
    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main(["probe", *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "watchdog"
    path.touch()
    return path
