"""Which SunSpec models does a device have, and where? Finds the marker and walks the chain behind it."""

from typing import Final, NamedTuple

from appliance.io.buses import RefusedError, WrongDeviceError
from appliance.io.registers import Ask
from appliance.io.sunspec.definitions import definition
from appliance.io.sunspec.model import Model

BASES: Final = (40_000, 0, 50_000)
"""Where the marker may be, in the order of asking."""
MARKER: Final = (0x5375, 0x6E53)
"""SunS"""
END: Final = 0xFFFF
COMMON: Final = 1
COMMON_LENGTHS: Final = (65, 66)
MOST_MODELS: Final = 100
MOST_WORDS: Final = 125
"""Of one Modbus read."""
ADDRESSES: Final = 0x1_0000


class Place(NamedTuple):
    """One model in the chain. `length` is without ID and L, as the device says."""

    model: int
    address: int
    length: int


def scan(ask: Ask, bases: tuple[int, ...] = BASES) -> tuple[Place, ...]:
    """All models in their order. Raises WrongDeviceError when it is not SunSpec, BusError when silent."""
    address = _base(ask, bases) + len(MARKER)
    places: list[Place] = []
    while (place := _place(ask, address)) is not None:
        _check(place, first=not places)
        places.append(place)
        if len(places) > MOST_MODELS:
            msg = f"the chain of SunSpec models does not end: more than {MOST_MODELS} of them"
            raise WrongDeviceError(msg)
        address += 2 + place.length
    if not places:
        msg = "a SunSpec device without any model"
        raise WrongDeviceError(msg)
    return tuple(places)


def read(ask: Ask, place: Place) -> Model:
    """A model with the words that it holds now. Raises WrongDeviceError when it is not as it must be."""
    known = definition(place.model)
    if known is None:
        msg = f"no definition of SunSpec model {place.model}"
        raise WrongDeviceError(msg)
    count = place.length + 2
    if count < known.least_words:
        msg = f"SunSpec model {place.model} has {count} words, and must have {known.least_words}"
        raise WrongDeviceError(msg)
    words: list[int] = []
    while len(words) < count:
        words += ask("holding", place.address + len(words), min(MOST_WORDS, count - len(words)))
    if words[:2] != [place.model, place.length]:
        msg = f"SunSpec model {place.model} moved while it was read"
        raise WrongDeviceError(msg)
    return Model(known, place.address, tuple(words))


def _base(ask: Ask, bases: tuple[int, ...]) -> int:
    for base in bases:
        try:
            if ask("holding", base, len(MARKER)) == MARKER:
                return base
        except RefusedError:
            continue
    msg = f"not a SunSpec device: no marker at {', '.join(map(str, bases))}"
    raise WrongDeviceError(msg)


def _place(ask: Ask, address: int) -> Place | None:
    """The model there; None: the end. Some devices have no length behind their end."""
    if address + 2 > ADDRESSES:
        msg = f"the chain of SunSpec models runs beyond the last register, to {address}"
        raise WrongDeviceError(msg)
    try:
        model, length = ask("holding", address, 2)
    except RefusedError as refused:
        try:
            if ask("holding", address, 1) == (END,):
                return None
        except RefusedError:
            pass
        msg = f"the chain of SunSpec models breaks off at {address}: {refused}"
        raise WrongDeviceError(msg) from refused
    return None if model == END else Place(model, address, length)


def _check(place: Place, *, first: bool) -> None:
    """Can this be a model? Raises WrongDeviceError."""
    model, address, length = place
    if first and (model != COMMON or length not in COMMON_LENGTHS):
        msg = f"the first SunSpec model is {model} with {length} words, and must be {COMMON} with 65 or 66"
    elif not model or not length:
        msg = (
            f"the chain of SunSpec models is broken at {address}: model {model} with {length} words"
        )
    elif address + 2 + length >= ADDRESSES:
        msg = f"SunSpec model {model} at {address} runs beyond the last register: {length} words"
    else:
        return
    raise WrongDeviceError(msg)
