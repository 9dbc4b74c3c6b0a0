import QtQuick
import Appliance

// The line between a tile and the ring. Dots move on the data tick, toward the ring when `toRing` is
// the way of the flow; without flow the line is grey and still.
Item {
    id: line
    required property QtObject flow
    required property color colour
    required property bool ringIsRight
    readonly property bool flowing: flow.known && flow.inward !== 0
    readonly property real spacing: 22
    property real phase: 0

    implicitHeight: 9
    clip: true
    visible: flow.shown

    Rectangle {
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width
        height: 3
        color: line.flowing ? Qt.rgba(line.colour.r, line.colour.g, line.colour.b, 0.45) : Theme.colour.line
    }

    Repeater {
        model: line.width > 0 ? Math.ceil(line.width / line.spacing) + 1 : 0

        Rectangle {
            required property int index
            width: 9
            height: 9
            radius: 4.5
            visible: line.flowing
            color: line.colour
            x: (index - 0.5) * line.spacing + line.phase - width / 2
        }
    }

    Connections {
        target: Ui
        function onTicked(seconds: real) {
            if (!line.flowing)
                return
            const step = line.flow.speed_px_s * seconds * (line.ringIsRight ? 1 : -1)
            const moved = (line.phase + step) % line.spacing
            line.phase = moved < 0 ? moved + line.spacing : moved
        }
    }
}
