import QtQuick
import Appliance

// The state of the box: a dot and a word.
Rectangle {
    implicitWidth: row.implicitWidth + 26
    implicitHeight: 30
    radius: 15
    color: Theme.colour.surface2

    Row {
        id: row
        anchors.centerIn: parent
        spacing: 8

        Rectangle {
            anchors.verticalCenter: parent.verticalCenter
            width: 10
            height: 10
            radius: 5
            color: Theme.tone(Ui.header.pill_tone)
        }
        Label {
            text: Ui.header.pill
            size: 16
            weight: Font.Medium
        }
    }
}
