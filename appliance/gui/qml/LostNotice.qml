import QtQuick
import Appliance

// No core: what that means, what to do, and how long already.
Rectangle {
    visible: Ui.link.lost
    color: Theme.colour.bg

    MouseArea { anchors.fill: parent; objectName: "scrim" }

    Rectangle {
        width: parent.width
        height: 6
        color: Theme.colour.warningFill
    }

    Icon {
        id: sign
        x: 36
        y: 46
        name: "lost"
        size: 76
        thickness: 4
        colour: Theme.colour.warning
    }

    Column {
        anchors { left: sign.right; leftMargin: 28; right: parent.right; rightMargin: 36; top: parent.top; topMargin: 44 }
        spacing: 0

        Label {
            width: parent.width
            text: Texts.lost_title
            size: 44
            weight: Font.DemiBold
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.section
        }
        Item { width: 1; height: 22 }
        Label { width: parent.width; text: Texts.lost_happened; size: Theme.notice; wrapMode: Text.Wrap }
        Item { width: 1; height: 14 }
        Label {
            width: parent.width
            text: Texts.lost_todo
            size: Theme.notice
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
    }

    Row {
        anchors { left: sign.right; leftMargin: 28; bottom: parent.bottom; bottomMargin: 36 }
        spacing: 14

        Rectangle {
            anchors.verticalCenter: parent.verticalCenter
            width: 14
            height: 14
            radius: 7
            color: Theme.colour.warning
        }
        Label { text: Texts.lost_reconnecting; size: Theme.section; weight: Font.DemiBold }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            text: Ui.link.detail
            size: 18
            color: Theme.colour.text2
        }
    }
}
