import QtQuick
import QtQuick.Shapes
import Appliance

// State of charge as a ring of 270°, with the reserve as a mark, and what the battery does.
Item {
    id: ring
    readonly property real thickness: 18
    readonly property real radius: (width - thickness) / 2
    readonly property real level: Ui.ring.level
    readonly property color ink: Ui.link.live ? Theme.colour.text : Theme.colour.text3
    readonly property color fill: !Ui.link.live ? Theme.colour.text3
        : Ui.ring.low ? Theme.colour.warning : Theme.colour.accent

    implicitWidth: 264
    implicitHeight: 264

    Shape {
        anchors.fill: parent

        ShapePath {
            fillColor: "transparent"
            strokeColor: Theme.colour.surface2
            strokeWidth: ring.thickness
            capStyle: ShapePath.RoundCap
            PathAngleArc {
                centerX: ring.width / 2; centerY: ring.height / 2
                radiusX: ring.radius; radiusY: ring.radius
                startAngle: 135; sweepAngle: 270
            }
        }
        ShapePath {
            fillColor: "transparent"
            strokeColor: ring.level > 0 ? ring.fill : "transparent"
            strokeWidth: ring.thickness
            capStyle: ShapePath.RoundCap
            PathAngleArc {
                centerX: ring.width / 2; centerY: ring.height / 2
                radiusX: ring.radius; radiusY: ring.radius
                startAngle: 135; sweepAngle: 270 * Math.max(0.001, ring.level)
            }
        }
    }

    // The reserve: nothing is discharged below it.
    Item {
        visible: Ui.ring.reserve >= 0
        anchors.fill: parent
        rotation: -135 + 270 * Math.max(0, Ui.ring.reserve)

        Rectangle {
            anchors.horizontalCenter: parent.horizontalCenter
            y: -4
            width: 3
            height: ring.thickness + 8
            color: Theme.colour.text
            antialiasing: true
        }
    }

    Row {
        id: soc
        anchors.horizontalCenter: parent.horizontalCenter
        y: 60
        spacing: 2

        Label {
            id: number
            text: Ui.ring.soc
            size: Theme.hero
            // It changes slowly and stands alone: even digits would look loose.
            font.features: ({})
            weight: Font.DemiBold
            color: ring.ink
        }
        Label {
            anchors.baseline: number.baseline
            visible: ring.level >= 0
            text: Texts.percent
            size: 26
            color: Theme.colour.text2
        }
    }

    Row {
        anchors.horizontalCenter: parent.horizontalCenter
        y: 144
        spacing: 6

        Label {
            visible: Ui.ring.arrow !== ""
            text: Ui.ring.arrow
            size: Theme.section
            weight: Font.DemiBold
            color: word.color
        }
        Label {
            id: word
            text: Ui.ring.word
            size: Theme.section
            weight: Font.DemiBold
            color: Ui.ring.arrow === "" ? Theme.colour.text2 : ring.fill
        }
    }

    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        y: 180
        text: Ui.ring.eta
        size: 17
    }

    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        y: Ui.ring.eta === "" ? 182 : 208
        text: Ui.ring.stored
        size: 17
        color: Theme.colour.text2
    }
}
