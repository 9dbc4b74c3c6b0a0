import QtQuick

// A button for what must not happen by accident: it acts when held for one second.
Rectangle {
    id: button
    required property string label
    signal held

    implicitHeight: 84
    radius: Theme.buttonRadius
    color: enabled ? Theme.colour.faultInk : "transparent"
    border.width: 2
    border.color: enabled ? Theme.colour.faultInk : Theme.colour.faultInk2

    Rectangle {
        id: progress
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 4 }
        width: 0
        radius: Theme.buttonRadius - 4
        color: "#F5B5BA"
        visible: width > 2 * radius

        NumberAnimation on width {
            id: filling
            running: false
            from: 0
            to: button.width - 8
            duration: 1000
            onFinished: {
                progress.width = 0
                button.held()
            }
        }
    }

    Label {
        anchors { fill: parent; margins: 8 }
        horizontalAlignment: Text.AlignHCenter
        text: button.label
        size: 24
        weight: Font.DemiBold
        fontSizeMode: Text.HorizontalFit
        minimumPixelSize: Theme.body
        color: button.enabled ? Theme.colour.faultDeep : Theme.colour.faultInk
    }

    Touch {
        id: touch
        anchors.fill: parent
        name: button.label
        onPressed: filling.restart()
        onReleased: release()
        onCanceled: release()
        onEnabledChanged: release()
        Keys.onReturnPressed: event => { if (!event.isAutoRepeat) filling.restart() }
        Keys.onSpacePressed: event => { if (!event.isAutoRepeat) filling.restart() }
        Keys.onReleased: event => { if (!event.isAutoRepeat) release() }

        function release() {
            filling.stop()
            progress.width = 0
        }
    }
}
