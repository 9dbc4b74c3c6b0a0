import QtQuick

// A button for what must not happen by accident: it acts when held for one second.
Rectangle {
    id: button
    required property string label
    property int size: 24
    property color fill: Theme.colour.faultInk
    property color rim: Theme.colour.faultInk
    property color sweep: "#F5B5BA"
    property color ink: Theme.colour.faultDeep
    property color offRim: Theme.colour.faultInk2
    property color offInk: Theme.colour.faultInk
    signal held

    implicitHeight: 84
    radius: Theme.buttonRadius
    color: enabled ? fill : "transparent"
    border.width: 2
    border.color: enabled ? rim : offRim

    Rectangle {
        id: progress
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom; margins: 4 }
        width: 0
        radius: Theme.buttonRadius - 4
        color: button.sweep
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
        size: button.size
        weight: Font.DemiBold
        wrapMode: Text.Wrap
        fontSizeMode: Text.Fit
        minimumPixelSize: Theme.caption
        color: button.enabled ? button.ink : button.offInk
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
