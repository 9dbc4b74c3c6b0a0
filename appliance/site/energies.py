"""States of energy that modes are to reach, held against what the battery can hold."""

from collections.abc import Iterable, Iterator, Mapping

from typing_extensions import TypeIs

ENDING = "soe_wh"
"""Every setting of a mode that is a state of energy is called so, or something and so."""


def beyond_capacity(document: Mapping[str, object]) -> Iterator[str]:
    """Every one of `modes` that is above `battery.capacity_wh`, with its path; of a site.toml that is not checked yet."""
    battery, modes = document.get("battery"), document.get("modes")
    capacity_wh = battery.get("capacity_wh") if isinstance(battery, Mapping) else None
    if not _is_number(capacity_wh):
        return
    for path, value_wh in _energies(modes, "modes"):
        if value_wh > capacity_wh:
            yield f"{path} = {value_wh:g}: must be at most battery.capacity_wh = {capacity_wh:g}"


def _energies(part: object, path: str) -> Iterator[tuple[str, float]]:
    """Path and Wh of each."""
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(part, Mapping):
        pairs = part.items()
    elif isinstance(part, list):
        pairs = enumerate(part)
    for key, value in pairs:
        here = f"{path}.{key}"
        if str(key).endswith(ENDING) and _is_number(value):
            yield here, value
        else:
            yield from _energies(value, here)


def _is_number(value: object) -> TypeIs[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
