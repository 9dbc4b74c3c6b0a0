"""What may have one user only."""

from collections.abc import Iterator, Mapping

from appliance.settings import refuse


def twice(what: str, users: Mapping[str, object]) -> Iterator[str]:
    """Two users of one pin, address or place: both by name."""
    owner: dict[object, str] = {}
    for user, thing in users.items():
        if thing in owner:
            yield f"{user} and {owner[thing]} have the same {what}: {thing}"
        owner.setdefault(thing, user)


def refuse_twice(what: str, users: Mapping[str, object]) -> None:
    """Raises MistakesError naming every two users of one thing."""
    refuse(twice(what, users))
