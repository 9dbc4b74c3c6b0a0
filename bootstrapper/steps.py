"""What is done at boot, in which order? STEPS: one row per step, each safe to run again at any time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bootstrapper import connection, serial_number, time_gate
from bootstrapper.box import Box, LaterError, WrongInputError, log
from bootstrapper.files import encoded, write_atomically

DONE, LATER, WRONG_INPUT = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `do` returns what to tell people; it raises LaterError or WrongInputError."""

    name: str
    is_done: Callable[[Box], bool]
    do: Callable[[Box], str]
    must_succeed: bool = False
    """Later steps need what this one finds."""


# fmt: off
STEPS: Final = (
    #    name             is done                  do                  must succeed
    Step("serial number", serial_number.is_done,   serial_number.do,   must_succeed=True),
    Step("time",          time_gate.is_done,       time_gate.do),
    Step("connection",    connection.is_done,      connection.do),
)
# fmt: on


def run(box: Box, steps: Sequence[Step] = STEPS) -> int:
    """Do what is not done yet; one line each. Returns the exit code."""
    code, outcomes = DONE, dict[str, object]()
    for step in steps:
        outcome, text = _outcome(step, box)
        code = max(code, outcome)
        outcomes[step.name] = text
        write_atomically(
            box.data / "bootstrap.json", encoded({"step": step.name, "steps": outcomes})
        )
        if outcome != DONE and step.must_succeed:
            break
    return code


def _outcome(step: Step, box: Box) -> tuple[int, str]:
    try:
        text = "already done" if step.is_done(box) else step.do(box)
    except WrongInputError as error:
        log.error("%s: wrong input\n%s", step.name, error)
        return WRONG_INPUT, "wrong input"
    except (LaterError, OSError) as error:
        log.warning("%s: not yet: %s", step.name, error)
        return LATER, f"not yet: {error}"
    log.info("%s: %s", step.name, text)
    return DONE, text
