"""Data that people write in TOML files, checked by the class it fills: every mistake at once, with path and value."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from appliance.settings import MistakesError, Settings

Filled = TypeVar("Filled", bound=Settings)


class DataFileError(ValueError):
    """A file cannot be used; `mistakes` are all reasons, each with its path."""

    def __init__(self, path: Path, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        head = f"{path}: {count} mistake{'s' if count > 1 else ''}"
        super().__init__("\n".join([head, *(f"  {mistake}" for mistake in self.mistakes)]))


def read_document(path: Path) -> dict[str, Any]:
    """What the file says, unchecked. Raises DataFileError when it is not there or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(path, [f"cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError(path, [f"is not TOML: {error}"]) from error


def filled(path: Path, kind: type[Filled]) -> Filled:
    """The file as `kind`. Raises DataFileError."""
    document = read_document(path)
    try:
        return kind.model_validate_json(json.dumps(document, default=str))
    except ValidationError as error:
        told = [one for mistake in error.errors() for one in sentences(mistake)]
        raise DataFileError(path, told) from error


def sentence(mistake: ErrorDetails, path: Iterable[str] | None = None) -> str:
    """One mistake as "path = value: what is allowed"; `path` stands in for pydantic's own."""
    return "; ".join(sentences(mistake, path))


def sentences(
    mistake: ErrorDetails, path: Iterable[str] | None = None, text: str | None = None
) -> Iterator[str]:
    """The same, one for each where a check found several; `text` stands in for what pydantic says is allowed."""
    places = [*(_counted_from_1(mistake["loc"]) if path is None else path)]
    is_key = places[-1:] == ["[key]"]
    where, value = ".".join(places[:-1] if is_key else places), mistake["input"]
    if mistake["type"] == "extra_forbidden":
        yield f"{where}: unknown key"
    elif mistake["type"] == "missing":
        yield f"{where}: missing"
    elif mistake["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        yield _kind(where, mistake["ctx"])
    elif isinstance(found := mistake.get("ctx", {}).get("error"), MistakesError):
        yield from (f"{where}: {one}" if where else one for one in found.mistakes)
    else:
        hidden = is_key or isinstance(value, dict | list)
        shown = "" if hidden else f" = {json.dumps(value, default=str)}"
        yield f"{where or 'file'}{shown}: {text or _as_said(mistake['msg'])}"


def _as_said(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return f"{text[:1].lower()}{text[1:]}"


def _kind(where: str, told: Mapping[str, Any]) -> str:
    """A table whose kind is unknown, or not told."""
    at = f"{where}.{str(told['discriminator']).strip(chr(39))}"
    if "tag" not in told:
        return f"{at}: missing"
    return f"{at} = {json.dumps(told['tag'])}: allowed: {str(told['expected_tags']).replace(chr(39), '')}"


def _counted_from_1(places: tuple[int | str, ...]) -> Iterable[str]:
    """People count the tables of a file from 1."""
    return (str(place + 1 if isinstance(place, int) else place) for place in places)
