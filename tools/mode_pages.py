"""docs/modes.md, a page for each control mode, and a picture of its day: from the mode files, their settings and a simulation."""

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from appliance import registry
from appliance.settings import Settings
from appliance.simulate_plots import HEIGHT, WIDTH, Table, draw, key
from appliance.simulate_report import ENERGY, POWER
from appliance.site.modes import PRIORITIES
from tests.days.examples import EXAMPLES
from tests.days.one_day import COLUMNS, Day
from tests.days.scenes import SCENES, ZONE

DOCS = Path(__file__).resolve().parent.parent / "docs"
SHOWN_IN = {
    "charge_only": "winter",
    "cost_saving": "winter",
    "backup": "grid loss",
    "peak_shaving": "winter",
}
"""The scene of a mode's picture; sunny else."""
UNITS = {
    "w": "W", "wh": "Wh", "s": "s", "min": "min", "h": "h", "pct": "%", "kwh": "per kWh", "var": "var",
    "days": "days", "v": "V",
}  # fmt: skip
HEAD = """# Control modes

A mode says what the battery should do. The mode in use is chosen on the screen, by the cloud, by `appliance ctl mode`, or by
`[[control.schedule]]` in site.toml; others may be asked beside it (`[[control.beside]]`), and `control.priorities` says whose word
comes first. Each mode answers with what it wants and the least and most it leaves to those below it; limits narrow what comes out,
and *Why* on the screen, `ctl status` and `replay --at` name who won and what held it back ([decision 29](decisions/0029-modes-compose-by-priority.md)).

Market modes need [files](operator.md#market-data); without them, or while the clock is not set, they want nothing and say why.

Signs: battery discharge +, grid import +. Times are in the site's `zone`. A period is `{ days = "weekdays", start = "17:00", end = "20:00" }`;
`days` is all, weekdays, weekends or a list such as `mon,thu`; an end before its start is on the next day. The pictures are a day of a
house with 10.6 kWh and the example's settings, made by `python -m tools.mode_pages`.

"""


def main() -> None:
    """Write all pages; name modes to draw only theirs."""
    names = [name for name in PRIORITIES if name in registry.names("appliance.modes")]
    (DOCS / "modes").mkdir(exist_ok=True)
    chosen = sys.argv[1:] or names
    for name in chosen:
        (DOCS / "modes" / f"{name}.svg").write_text(picture(name), encoding="utf-8")
    (DOCS / "modes.md").write_text(text(), encoding="utf-8")


def text() -> str:
    """docs/modes.md."""
    names = [name for name in PRIORITIES if name in registry.names("appliance.modes")]
    links = "\n".join(
        f"{at}. [{title(name)}](#{anchor(name)}) `{name}`" for at, name in enumerate(names, 1)
    )
    pages = "\n".join(page(name) for name in names)
    return f"{HEAD}The first in priority first:\n\n{links}\n\n{pages}"


def title(name: str) -> str:
    """As people read it."""
    found: str = registry.load("appliance.modes", name).TITLE
    return found


def anchor(name: str) -> str:
    """Of its headline."""
    return re.sub(r"[^a-z0-9 -]", "", title(name).lower()).replace(" ", "-")


def page(name: str) -> str:
    """One mode."""
    file = registry.load("appliance.modes", name)
    says = _says(file)
    rows = list(settings(file.ModeSettings))
    table = (
        "| setting | unit | default | allowed | what it is |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
    )
    missing = "\n".join(f"| {what} | {does} |" for what, does in file.WITHOUT.items())
    example = toml(name, EXAMPLES[name])
    return "\n".join([
        f"## {title(name)}\n", says + "\n",
        table + "\n" if rows else "There is nothing to set.\n",
        "| while this is missing | it |\n|---|---|\n" + missing + "\n",
        f"```toml\n{example}\n```\n" if example else "",
        f"![{title(name)}: {SHOWN_IN.get(name, 'sunny')}](modes/{name}.svg)\n",
    ])  # fmt: skip


def _says(file: Any) -> str:
    """Its summary, and what the file says of itself."""
    first, _, rest = inspect.cleandoc(file.__doc__ or "").partition("\n\n")
    first = re.sub(r"^[A-Z][^:.]{0,40}: ", "", " ".join(first.split()))
    rest = re.sub(r" ?\(docs/decisions/(\d+)[^)]*\)", _decision, rest)
    first = f"{first[0].upper()}{first[1:]}"
    words = set(re.findall(r"\w+", first.lower()))
    said = len(words & set(re.findall(r"\w+", file.SUMMARY.lower()))) > 0.5 * len(words)
    return f"**{file.SUMMARY}.**{'' if said else f' {first}'}\n\n{rest}".strip()


def _decision(found: re.Match[str]) -> str:
    number = found.group(1)
    (path,) = (DOCS / "decisions").glob(f"{number}-*.md")
    return f" ([decision {int(number)}](decisions/{path.name}))"


def undescribed() -> list[str]:
    """Settings that say nothing of themselves."""
    found = []
    for name in sorted(registry.names("appliance.modes")):
        rows = settings(registry.load("appliance.modes", name).ModeSettings)
        found += [f"{name}: {row}" for row in rows if row.endswith("|  |")]
    return found


def settings(kind: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """A row for each field, those of settings inside it as `outer.inner`."""
    words = docstrings(kind)
    properties = kind.model_json_schema()["properties"] if kind.model_fields else {}
    for name, field in kind.model_fields.items():
        inner = _settings_in(field.annotation)
        described = words.get(name, "")
        if inner is not None and inner.__name__ != "Period":
            yield f"| `{prefix}{name}` | | | | {described or inspect.getdoc(inner)} |"
            dotted = (
                f"{prefix}{name}[]."
                if properties[name].get("type") == "array"
                else f"{prefix}{name}."
            )
            yield from settings(inner, dotted)
            continue
        default = (
            "needed"
            if field.is_required()
            else _default(field.get_default(call_default_factory=True))
        )
        allowed = "periods" if inner is not None else _allowed(properties[name])
        yield f"| `{prefix}{name}` | {_unit(name)} | {default} | {allowed} | {described} |"


def docstrings(kind: type[BaseModel]) -> dict[str, str]:
    """What stands under each field, also in the classes that it is made of."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if not issubclass(one, Settings) or one is Settings:
            continue
        body = ast.parse(inspect.getsource(one)).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, after in zip(body.body, body.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
                assert isinstance(field.target, ast.Name)
                value = ast.literal_eval(after.value)
                found[field.target.id] = " ".join(str(value).split())
    return found


def _settings_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = (_settings_in(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in parts if part is not None), None)


def _unit(name: str) -> str:
    if name.endswith("_per_s"):
        return "1/s"
    head, _, last = name.rpartition("_")
    return UNITS.get(last, "") if head else ""


def _default(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, BaseModel) or value == ():
        return "empty" if value == () else "always"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _allowed(schema: dict[str, Any]) -> str:
    parts = schema.get("anyOf", [schema])
    for part in parts:
        if "enum" in part:
            return ", ".join(part["enum"])
        low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum")
        if low is not None or high is not None:
            above = "above " if "exclusiveMinimum" in part and "minimum" not in part else ""
            return f"{above}{'' if low is None else _number(low)} to {'' if high is None else _number(high)}"
        if part.get("type") == "boolean":
            return "true, false"
    return ""


def toml(name: str, values: dict[str, Any]) -> str:
    """As in site.toml."""
    if not values:
        return ""
    lines = [f"[modes.{name}]"]
    lines += [f"{key_} = {_toml(value)}" for key_, value in values.items() if not _is_tables(value)]
    for key_, value in values.items():
        for one in value if _is_tables(value) else ():
            lines.append(f"\n[[modes.{name}.{key_}]]")
            lines += [f"{inner} = {_toml(part)}" for inner, part in one.items()]
    return "\n".join(lines)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{key_} = {_toml(part)}" for key_, part in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return json.dumps(value)


def picture(name: str) -> str:
    """Power and charge of a day, one above the other."""
    scene = next(one for one in SCENES if one.name == SHOWN_IN.get(name, "sunny"))
    table = Table(COLUMNS, _thinned(Day(name, scene).run().rows))
    top, bodies = 24.0, []
    for plot in (POWER, ENERGY):
        body = re.sub(r"^<svg[^>]*>|</svg>$", "", draw(plot, table))
        bodies.append(f"<g transform='translate(0 {top:g})'>{body}</g>")
        top += HEIGHT
    legend, x = [], 72.0
    for label, colour in (*key(POWER, table), *key(ENERGY, table)):
        legend.append(
            f"<rect x='{x:g}' y='9' width='18' height='3' fill='{colour}'/><text x='{x + 24:g}' y='15'>{label}</text>"
        )
        x += 44.0 + 6.2 * len(label)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH:g} {top:g}' font-size='11' "
        f"font-family='Inter, system-ui, sans-serif' fill='#465362'><rect width='{WIDTH:g}' height='{top:g}' fill='#ffffff'/>"
        f"{''.join(legend)}{''.join(bodies)}</svg>\n"
    )


def _thinned(rows: list[list[str]], together: int = 5) -> list[list[str]]:
    """Means of some minutes, at the site's own time."""
    thinned = []
    for at in range(0, len(rows), together):
        some = rows[at : at + together]
        local = datetime.fromisoformat(some[0][0]).astimezone(ZoneInfo(ZONE))
        means = [fmean(float(row[column]) for row in some) for column in range(1, len(COLUMNS))]
        thinned.append([local.isoformat(), *(f"{mean:.3f}" for mean in means)])
    return thinned


if __name__ == "__main__":
    main()
