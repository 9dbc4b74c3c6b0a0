import QtQuick

// A surface with a border.
Rectangle {
    radius: Theme.radius
    color: Theme.colour.surface
    border.width: 1
    border.color: Theme.colour.line
}
