"""What `appliance ctl` says when something fails: why nobody answers, and for programs one JSON object.

Exit codes: 0 done; 1 the box refused, or could not; 2 what was typed is wrong, which shows without asking the box.
"""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

import msgspec
from typing_extensions import override

from appliance.bus import NO_ANSWER
from appliance.processes import look

PIN_LACKS: Final = "needs the installer's PIN"
"""Of the box's answer."""
LONGEST: Final = 10_000
"""So many characters of a reason are kept."""


def pin_hint(reason: str) -> str:
    """The refusal of a test, and how to give the PIN that it lacks."""
    if PIN_LACKS not in reason:
        return reason
    return f"{reason}: add --pin; set it with `appliance config pin FILE`"


def silence(run_folder: Path) -> str:
    """Why the core does not answer, as far as can be seen, and what to do."""
    alive = [one.name for one in look(run_folder) if one.alive]
    if alive:
        return f"{NO_ANSWER}; alive: {', '.join(alive)} ({run_folder})"
    told = f"no process of it runs ({run_folder})"
    return f"{NO_ANSWER}; {told}: start the box, its service or `appliance run --site FILE`"


class _Noted(io.StringIO):
    """Passes on what is written, and keeps the beginning of it."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    @override
    def write(self, text: str, /) -> int:
        if self.tell() < LONGEST:
            super().write(text)
        return self._stream.write(text)

    @override
    def flush(self) -> None:
        self._stream.flush()

    @override
    def fileno(self) -> int:
        return self._stream.fileno()

    @override
    def isatty(self) -> bool:
        return self._stream.isatty()


def with_reason(command: Callable[[], int], out: TextIO, err: TextIO) -> int:
    """Run it; one that fails and has printed nothing gets an object with the reason. The exit code."""
    said, complained = _Noted(out), _Noted(err)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code = command()
        except SystemExit as ended:  # of what was typed
            code = ended.code if isinstance(ended.code, int) else 1
    if code and not said.tell():
        out.write(refusal(complained.getvalue()) + "\n")
    return code


def refusal(reason: str) -> str:
    """As programs read it."""
    words = {"ok": False, "reason": reason.strip() or "it failed"}
    return msgspec.json.encode(words).decode()
