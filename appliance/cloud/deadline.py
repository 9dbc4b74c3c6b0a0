"""How does a call that may block for ever get a deadline? It runs in a thread that can be left behind."""

import threading  # noqa: TID251  a pool's threads are joined at exit: one hung call would hang the process
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class DeadlineMissedError(Exception):
    """The call is still running; nothing is known of its outcome."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result, or what it raised. Raises DeadlineMissedError after `seconds`."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  handed to the caller
            outcome.set_exception(error)

    threading.Thread(target=run, name="bounded call", daemon=True).start()
    try:
        outcome.exception(seconds)
    except TimeoutError:
        msg = f"no answer in {seconds:g} s"
        raise DeadlineMissedError(msg) from None
    return outcome.result()
