"""Can everything be read? Contrast by WCAG 2, recomputed from Theme.qml; and every text exists."""

import re

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtQml import QQmlComponent, QQmlEngine

from appliance.gui.screen import QML_FOLDER, pages
from appliance.gui.texts import TEXTS

PAIRS = [
    # ink, fill, at least
    *[("text", fill, 7.0) for fill in ("bg", "surface", "surface2", "line")],
    *[("text2", fill, 7.0) for fill in ("bg", "surface")],
    *[("text2", fill, 4.5) for fill in ("surface2",)],
    *[("text3", fill, 4.5) for fill in ("bg", "surface", "surface2")],
    *[
        (ink, fill, 4.5)
        for ink in ("accent", "solar", "grid", "load", "ok", "info", "warning", "fault")
        for fill in ("bg", "surface", "surface2")
    ],
    ("accentInk", "accent", 4.5),
    ("warningInk", "warningFill", 7.0),
    ("faultInk", "faultFill", 5.5),
    ("faultInk", "faultDeep", 7.0),
    ("faultInk2", "faultFill", 4.5),
    ("faultInk2", "faultDeep", 7.0),
    ("faultDeep", "faultInk", 7.0),
    ("warning", "warningTile", 4.5),
    ("fault", "faultTile", 4.5),
]


TOKENS = sorted({token for ink, fill, _ in PAIRS for token in (ink, fill)})
Palettes = dict[str, dict[str, QColor]]


@pytest.fixture(scope="module")
def palettes(app: QGuiApplication) -> Palettes:
    engine = QQmlEngine()
    component = QQmlComponent(engine)
    lines = ["import QtQuick", "QtObject {"]
    for palette in ("dark", "light"):
        lines += [
            f"readonly property color {palette}_{token}: Theme.{palette}.{token}"
            for token in TOKENS
        ]
    source = "\n".join([*lines, "}"]).encode()
    component.setData(source, QUrl.fromLocalFile(str(QML_FOLDER / "Asked.qml")))
    asked = component.create()
    assert asked is not None, component.errorString()
    read = {
        palette: {token: QColor(asked.property(f"{palette}_{token}")) for token in TOKENS}
        for palette in ("dark", "light")
    }
    del asked, component, engine
    return read


def luminance(colour: QColor) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, definition)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: QColor, other: QColor) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_measure() -> None:
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21.0)
    assert contrast(QColor("#767676"), QColor("white")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("palette", ["dark", "light"])
@pytest.mark.parametrize(("ink", "fill", "least"), PAIRS, ids=str)
def test_contrast(palettes: Palettes, palette: str, ink: str, fill: str, least: float) -> None:
    colours = palettes[palette]
    assert contrast(colours[ink], colours[fill]) >= least


def test_every_text_of_the_qml_is_in_the_table_and_every_text_is_used() -> None:
    qml = "\n".join(path.read_text() for path in QML_FOLDER.rglob("*.qml"))
    python = "\n".join(path.read_text() for path in QML_FOLDER.parent.glob("*.py"))
    named = set(re.findall(r"\bTexts\.(\w+)", qml))
    assert named <= set(TEXTS)
    assert {f"page_{name.split('_')[1]}" for name in pages()} <= set(TEXTS)
    built = (
        "page_",
        "state_",
        "by_",
        "limit_",
        "who_",
        "effect_",
        "alarms_",
        "without_",
        "input_",
        "severity_",
    )
    rest = python.replace((QML_FOLDER.parent / "texts.py").read_text(), "")
    unused = [
        key
        for key in TEXTS
        if key not in named
        and not re.search(rf"[\"']{key}[\"']", rest)
        and not key.startswith(built)
    ]
    assert unused == []


def test_no_words_are_written_in_the_qml_itself() -> None:
    for path in QML_FOLDER.rglob("*.qml"):
        written = re.findall(r'\b(?:text|title|label|name): "([^"#]+)"', path.read_text())
        icons = set(re.findall(r"(\w+): \"M", (QML_FOLDER / "Icons.qml").read_text()))
        assert set(written) <= icons, path.name
