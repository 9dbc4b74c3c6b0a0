import QtQuick
import Appliance

// The state of the box: a dot and a word, and that it may be changed.
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
        Icon {
            visible: Ui.state.can_choose
            anchors.verticalCenter: parent.verticalCenter
            name: "down"
            size: 14
            colour: Theme.colour.text2
        }
    }
}
