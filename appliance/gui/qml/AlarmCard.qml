import QtQuick
import Appliance

// One active alarm.
Card {
    id: card
    required property int number
    required property string tone
    required property string caption
    required property string title
    required property string body
    required property string button
    required property bool can_confirm
    required property string confirmed
    readonly property bool seen: confirmed !== ""
    readonly property bool warning: tone === "warning"

    implicitHeight: Math.max(100, words.height + 22)
    border.width: seen ? 1 : 2
    border.color: seen ? Theme.colour.line : Theme.tone(tone)

    Rectangle {
        id: sign
        x: 14
        anchors.verticalCenter: parent.verticalCenter
        width: 50
        height: 50
        radius: 10
        color: card.warning ? Theme.colour.warningTile : Theme.colour.faultFill

        Icon {
            anchors.centerIn: parent
            name: card.warning ? "warning" : "fault"
            size: 28
            colour: card.warning ? Theme.colour.warning : Theme.colour.faultInk
        }
    }

    Column {
        id: words
        anchors {
            left: sign.right; leftMargin: 16; right: action.left; rightMargin: 14
            verticalCenter: parent.verticalCenter
        }
        spacing: 3

        Label {
            width: parent.width
            text: card.caption
            size: Theme.caption
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
        Label {
            width: parent.width
            text: card.title
            size: 21
            weight: Font.DemiBold
            wrapMode: Text.Wrap
        }
        Label {
            width: parent.width
            text: card.body
            size: 16
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
    }

    Item {
        id: action
        anchors { right: parent.right; rightMargin: 14; verticalCenter: parent.verticalCenter }
        width: 122
        height: Theme.target

        PushButton {
            objectName: "confirm_" + card.number
            visible: !card.seen
            anchors.fill: parent
            enabled: card.can_confirm && Ui.link.live
            label: card.button
            onPushed: Ui.confirm(card.number)
        }
        Column {
            visible: card.seen
            anchors.centerIn: parent
            spacing: 2

            Row {
                anchors.horizontalCenter: parent.horizontalCenter
                spacing: 6
                Icon { anchors.verticalCenter: parent.verticalCenter; name: "check"; size: 18; colour: Theme.colour.text2 }
                Label { text: Texts.confirmed; size: 16; weight: Font.Medium; color: Theme.colour.text2 }
            }
            Label {
                anchors.horizontalCenter: parent.horizontalCenter
                width: 122
                horizontalAlignment: Text.AlignHCenter
                text: card.confirmed
                size: Theme.caption
                fontSizeMode: Text.HorizontalFit
                minimumPixelSize: 12
                color: Theme.colour.text2
            }
        }
    }
}
