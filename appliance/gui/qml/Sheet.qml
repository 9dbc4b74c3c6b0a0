import QtQuick
import Appliance

// A card over the page, with a title and a way out; and ways up and down where it holds more than it can show.
Item {
    id: sheet
    required property string title
    // Of what it holds; the card is as high as that, or as the screen.
    required property real contentHeight
    // What scrolls in it, if anything does.
    property Flickable scrolled: null
    readonly property bool overflows: scrolled !== null && scrolled.contentHeight > scrolled.height + 1
    default property alias content: body.data
    signal closed

    function leaf(way: int) {
        const last = Math.max(0, scrolled.contentHeight - scrolled.height)
        scrolled.contentY = Math.max(0, Math.min(last, scrolled.contentY + way * scrolled.height * 0.85))
    }

    Rectangle {
        anchors.fill: parent
        color: Theme.colour.scrim
        MouseArea { anchors.fill: parent; objectName: "scrim"; onClicked: sheet.closed() }
    }

    Card {
        id: card
        anchors {
            left: parent.left; right: parent.right; bottom: parent.bottom
            leftMargin: Theme.railWidth + Theme.margin; rightMargin: Theme.margin; bottomMargin: 8
        }
        height: Math.min(sheet.contentHeight + 100, parent.height - 16)
        color: Theme.colour.surface
        MouseArea { anchors.fill: parent; objectName: "scrim" }

        Label {
            anchors { left: parent.left; leftMargin: 20; right: buttons.left; rightMargin: 12; verticalCenter: buttons.verticalCenter }
            text: sheet.title
            size: Theme.section
            weight: Font.DemiBold
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.body
        }
        Row {
            id: buttons
            anchors { right: parent.right; top: parent.top; margins: 12 }
            spacing: Theme.gap

            PushButton {
                objectName: "up"
                visible: sheet.overflows
                enabled: sheet.overflows && !sheet.scrolled.atYBeginning
                label: Texts.alarms_previous
                icon: "up"
                onPushed: sheet.leaf(-1)
            }
            PushButton {
                objectName: "down"
                visible: sheet.overflows
                enabled: sheet.overflows && !sheet.scrolled.atYEnd
                label: Texts.alarms_next
                icon: "down"
                onPushed: sheet.leaf(1)
            }
            PushButton {
                objectName: "close"
                label: Texts.close
                icon: "close"
                onPushed: sheet.closed()
            }
        }
        Item {
            id: body
            anchors { fill: parent; leftMargin: 20; rightMargin: 20; topMargin: 80; bottomMargin: 20 }
        }
        // Where in the whole of it one is.
        Rectangle {
            visible: sheet.overflows
            x: card.width - 12
            y: body.y + (sheet.overflows ? sheet.scrolled.visibleArea.yPosition * sheet.scrolled.height : 0)
            width: 4
            height: sheet.overflows ? sheet.scrolled.visibleArea.heightRatio * sheet.scrolled.height : 0
            radius: 2
            color: Theme.colour.text3
        }
    }
}
