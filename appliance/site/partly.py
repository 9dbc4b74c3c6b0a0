"""What does not fit together in a site.toml of which some sections are wrong by themselves."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from appliance.site.box import SiteSettings
from appliance.site.together import CHECKS


def mistakes_of_the_rest(
    document: Mapping[str, Any], broken: Collection[str], context: Mapping[str, Any]
) -> Iterator[str]:
    """Of the checks between sections that need none of the broken ones."""
    fields = SiteSettings.model_fields
    whole = {name: document[name] for name in fields if name in document and name not in broken}
    site = SiteSettings.model_construct(
        **{
            name: TypeAdapter(fields[name].rebuild_annotation()).validate_json(
                json.dumps(values, default=str), context=dict(context)
            )
            for name, values in whole.items()
        }
    )
    for name in broken:
        vars(site).pop(name, None)  # its default says nothing of what is meant
    for check in CHECKS:
        try:
            yield from list(check(site))
        except AttributeError:
            continue  # it needs one that is broken
