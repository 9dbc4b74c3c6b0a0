import QtQuick
import Appliance

// A card over the page, with a title and a way out.
Item {
    id: sheet
    required property string title
    // Of what it holds; the card is as high as that, or as the screen.
    required property real contentHeight
    default property alias content: body.data
    signal closed

    Rectangle {
        anchors.fill: parent
        color: Theme.colour.scrim
        MouseArea { anchors.fill: parent; objectName: "scrim"; onClicked: sheet.closed() }
    }

    Card {
        anchors {
            left: parent.left; right: parent.right; bottom: parent.bottom
            leftMargin: Theme.railWidth + Theme.margin; rightMargin: Theme.margin; bottomMargin: 8
        }
        height: Math.min(sheet.contentHeight + 100, parent.height - 16)
        color: Theme.colour.surface
        MouseArea { anchors.fill: parent; objectName: "scrim" }

        Label {
            anchors { left: parent.left; leftMargin: 20; verticalCenter: shut.verticalCenter }
            text: sheet.title
            size: Theme.section
            weight: Font.DemiBold
        }
        PushButton {
            id: shut
            objectName: "close"
            anchors { right: parent.right; top: parent.top; margins: 12 }
            label: Texts.close
            icon: "close"
            onPushed: sheet.closed()
        }
        Item {
            id: body
            anchors { fill: parent; leftMargin: 20; rightMargin: 20; topMargin: 80; bottomMargin: 20 }
        }
    }
}
