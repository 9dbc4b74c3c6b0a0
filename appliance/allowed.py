"""What a setting may be, in words: both ends of its range, and what its pattern stands for."""

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from appliance.settings import Settings

Bounds = dict[str, float]
"""`ge`, `gt`, `le`, `lt`, `min_length` and `max_length`, as far as there are any."""
Places = tuple[int | str, ...]
KINDS: Final = ("ge", "gt", "le", "lt", "min_length", "max_length")
FILE: Final = "a file name of letters, digits, _ . and - (no folder) that ends with"
PATTERNS: Final = {
    r"^[a-z][a-z0-9_]{0,39}$": "a name of 1 to 40 small letters, digits and _ that begins with a letter",
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": "a clock time such as 07:00, up to 24:00",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a clock time such as 07:00, from 00:00 to 23:59",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "a clock time such as 07:00, from 00:00 to 23:59",
    r"^[A-Z]{3}$": "a currency code of three capital letters such as EUR",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\.json$": f"{FILE} .json",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\.(json|csv)$": f"{FILE} .json or .csv",
    r"^[A-Za-z0-9]{10}$": "a serial number of 10 letters and digits",
    r"^([0-9]|[12][0-9]|3[01])$": "the number of a bit, 0 to 31",
}
TYPES: Final = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "model_type": "a table of settings",
    "dict_type": "a table of settings",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
}
NUMBERS: Final = frozenset({"float_type", "int_type", "int_from_float", "finite_number"})
LENGTHS: Final = {"string": "characters", "too": "entries"}


def words(mistake: ErrorDetails, kind: type[Settings]) -> str | None:
    """What the value at this place of `kind` must be; None: its own message is as good."""
    what, told = mistake["type"], bounds(kind, mistake["loc"])
    pattern: str = mistake.get("ctx", {}).get("pattern", "")
    number = what in NUMBERS or not told.keys().isdisjoint(KINDS[:4])
    if pattern in PATTERNS:
        return f"must be {PATTERNS[pattern]}"
    if what.endswith(("too_short", "too_long")):
        return _length(told, LENGTHS[what.partition("_")[0]])
    if what in TYPES:
        ranged = f", {_range(told)}" if number and _range(told) else ""
        return f"must be {TYPES[what]}{ranged}"
    if what.startswith(("greater_than", "less_than", "finite")):
        return f"must be {_range(told) or TYPES['float_type']}"
    return None


def without_echoes(mistakes: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list that is too short only without its wrong entries is not told of."""
    places = [one["loc"] for one in mistakes]
    return [
        one
        for one, at in zip(mistakes, places, strict=True)
        if one["type"] != "too_short"
        or all(at == there or there[: len(at)] != at for there in places)
    ]


def _range(told: Mapping[str, float]) -> str:
    """Of a number."""
    if "ge" in told and "le" in told:
        return f"between {_plain(told['ge'])} and {_plain(told['le'])}"
    ends = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(f"{word} {_plain(told[key])}" for key, word in ends.items() if key in told)


def _length(told: Mapping[str, float], of: str) -> str | None:
    """Of a text or a list."""
    ends = {"min_length": "at least", "max_length": "at most"}
    said = [f"{word} {told[key]}" for key, word in ends.items() if key in told]
    one = len(said) == 1 and said[0].endswith(" 1")
    return (
        f"must have {' and '.join(said)} {of.replace('ies', 'y').rstrip('s') if one else of}"
        if said
        else None
    )


def _plain(value: float) -> str:
    return f"{value:.10g}" if abs(value) < 1e9 else f"{value:g}"


def bounds(kind: object, places: Places) -> Bounds:
    """Of what is at this place of a type; nothing where it has none, or where nobody knows."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return bounds(inner, places) | ({} if places else _of(more))
    if get_origin(kind) in (Union, UnionType):
        return _of_some(get_args(kind), places)
    if not places:
        return {}
    if isinstance(kind, type) and issubclass(kind, Settings):
        field = kind.model_fields.get(str(places[0]))
        if field is None:
            return {}
        return bounds(field.annotation, places[1:]) | ({} if places[1:] else _of(field.metadata))
    parts = get_args(kind)
    inside = get_origin(kind) in (dict, tuple, list) and parts and places[-1] != "[key]"
    return bounds(parts[1 if get_origin(kind) is dict else 0], places[1:]) if inside else {}


def _of_some(kinds: Iterable[object], places: Places) -> Bounds:
    """Of one kind out of several: the one that its tag names, or the first that knows the place."""
    for kind in kinds:
        tagged = bool(places) and places[0] in _tags(kind)
        found = bounds(kind, places[1:] if tagged else places)
        if found or tagged:
            return found
    return {}


def _tags(kind: object) -> frozenset[Any]:
    if not (isinstance(kind, type) and issubclass(kind, Settings)):
        return frozenset()
    fields = kind.model_fields.values()
    literals = [
        one.annotation
        for one in fields
        if get_origin(one.annotation) is Literal and one.is_required()
    ]
    return frozenset(tag for one in literals for tag in get_args(one))


def _of(more: Iterable[object]) -> Bounds:
    found: Bounds = {}
    for one in more:
        if isinstance(one, FieldInfo):
            found |= _of(one.metadata)
        found |= {key: getattr(one, key) for key in KINDS if getattr(one, key, None) is not None}
    return found
