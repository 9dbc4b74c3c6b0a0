"""What may have one user only."""

from collections.abc import Mapping


def refuse_twice(what: str, users: Mapping[str, object]) -> None:
    """Two users of one pin, address or place. Raises ValueError naming both."""
    owner: dict[object, str] = {}
    wrong = []
    for user, thing in users.items():
        if thing in owner:
            wrong.append(f"{user} and {owner[thing]} have the same {what}: {thing}")
        owner.setdefault(thing, user)
    if wrong:
        raise ValueError("; ".join(wrong))
