"""Registers in memory that wears out: on change only, not too often, and never late towards zero."""

from appliance.io._ledger import Ledger
from appliance.io.registers import Write


def words(number: int, holds: int | None = None) -> Write:
    return Write(82, "holding", (number,), stored=True, holds=None if holds is None else (holds,))


def sent(ledger: Ledger, write: Write, now_s: float, *, urgent: bool = False) -> bool:
    lets = ledger.lets(write, now_s, urgent=urgent)
    if lets:
        ledger.sent(write, now_s)
    return lets


def test_what_is_not_stored_always_goes_and_is_not_counted() -> None:
    ledger = Ledger("inverter", 10.0)
    plain = Write(1, "holding", (5,))
    assert all(sent(ledger, plain, 0.1 * n) for n in range(5))
    assert ledger.count == 0


def test_the_same_words_go_once() -> None:
    ledger = Ledger("inverter", 10.0)
    assert sent(ledger, words(10), 0.0)
    assert not any(sent(ledger, words(10), float(s)) for s in range(1, 600))
    assert ledger.count == 1


def test_what_the_device_holds_already_is_not_written() -> None:
    ledger = Ledger("inverter", 10.0)
    assert not sent(ledger, words(10, holds=10), 0.0)
    assert ledger.count == 0


def test_a_change_waits_for_its_pause_unless_it_is_urgent() -> None:
    ledger = Ledger("inverter", 10.0)
    assert sent(ledger, words(10), 0.0)
    assert not sent(ledger, words(20), 9.9)
    assert sent(ledger, words(0), 9.95, urgent=True)
    assert not sent(ledger, words(20), 15.0)
    assert sent(ledger, words(20), 20.0)
    assert ledger.count == 3


def test_words_that_do_not_take_are_repeated_ever_more_rarely() -> None:
    ledger = Ledger("inverter", 10.0)
    times = [s for s in range(600) if sent(ledger, words(10, holds=3), float(s))]
    assert times[:4] == [0, 5, 20, 80]
    assert len(times) < 13


def test_after_a_silence_nothing_is_taken_for_granted() -> None:
    ledger = Ledger("inverter", 10.0)
    assert sent(ledger, words(10), 0.0)
    ledger.forget()
    assert sent(ledger, words(10), 1.0)
    assert not sent(ledger, words(10, holds=10), 100.0)


def test_to_stop_an_older_reading_counts_for_nothing() -> None:
    ledger = Ledger("inverter", 10.0)
    assert sent(ledger, words(50, holds=0), 0.0)
    assert not ledger.lets(words(0, holds=0), 1.0, urgent=True), (
        "in operation a reading is believed"
    )
    assert ledger.lets(words(0, holds=0), 1.0, urgent=True, stops=True)
    fresh = Ledger("inverter", 10.0)
    assert not fresh.lets(words(0, holds=0), 1.0, urgent=True, stops=True), (
        "it never was anything else"
    )
