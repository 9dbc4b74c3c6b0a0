import QtQuick

// A place to tap, at least 56 px each way. `down` is for the picture of being pressed.
MouseArea {
    id: touch
    required property string name
    property real radius: Theme.buttonRadius
    readonly property bool down: pressed && containsMouse

    Accessible.role: Accessible.Button
    Accessible.name: name
    Accessible.onPressAction: touch.clicked(null)
    activeFocusOnTab: enabled
    Keys.onReturnPressed: touch.clicked(null)
    Keys.onSpacePressed: touch.clicked(null)

    Rectangle {
        anchors.fill: parent
        anchors.margins: -3
        visible: touch.activeFocus
        color: "transparent"
        border.color: Theme.colour.accent
        border.width: 2
        radius: touch.radius + 3
    }
}
