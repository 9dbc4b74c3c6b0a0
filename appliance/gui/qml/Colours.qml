import QtQuick

// The colours of one theme. `…Ink` is written on the fill of that name.
QtObject {
    required property color bg
    required property color surface
    required property color surface2
    required property color line
    required property color text
    required property color text2
    required property color text3
    required property color accent
    required property color accentInk
    required property color solar
    required property color grid
    required property color load
    required property color ok
    required property color info
    required property color warning
    required property color warningFill
    required property color warningInk
    required property color warningTile
    required property color fault
    required property color faultFill
    required property color faultInk
    required property color faultInk2
    required property color faultDeep
    required property color faultTile
    required property color scrim
}
