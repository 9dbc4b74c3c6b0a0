import QtQuick
import Appliance

// One active alarm: what, what the box did about it, what a person can do, and the buttons for it.
Card {
    id: card
    required property int number
    required property string tone
    required property string caption
    required property string title
    required property string did
    required property string body
    required property string button
    required property bool can_confirm
    required property string confirmed
    required property string reset
    required property bool can_reset
    required property string refused
    readonly property bool seen: confirmed !== ""
    readonly property bool latched: reset !== ""
    readonly property bool warning: tone === "warning"

    implicitHeight: Math.max(100, words.height + 22, action.height + 22)
    border.width: seen && !latched ? 1 : 2
    border.color: seen && !latched ? Theme.colour.line : Theme.tone(tone)

    Rectangle {
        id: sign
        x: 14
        y: Math.min(24, (parent.height - height) / 2)
        width: 50
        height: 50
        radius: 10
        color: card.warning ? Theme.colour.warningTile
            : card.tone === "critical" ? Theme.colour.faultFill : Theme.colour.faultTile

        Icon {
            anchors.centerIn: parent
            name: card.warning ? "warning" : "fault"
            size: 28
            colour: card.tone === "critical" ? Theme.colour.faultInk : Theme.tone(card.tone)
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
            text: card.did
            size: 16
            weight: Font.Medium
            wrapMode: Text.Wrap
            color: card.seen && !card.latched ? Theme.colour.text2 : Theme.tone(card.tone)
        }
        Label {
            width: parent.width
            text: card.body
            size: 16
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
        Label {
            objectName: "error_refused"
            visible: text !== ""
            width: parent.width
            text: card.refused
            size: 16
            weight: Font.DemiBold
            wrapMode: Text.Wrap
            color: Theme.colour.warning
        }
    }

    Column {
        id: action
        anchors { right: parent.right; rightMargin: 14; verticalCenter: parent.verticalCenter }
        width: 140
        spacing: Theme.gap

        PushButton {
            objectName: "confirm_" + card.number
            visible: !card.seen
            width: parent.width
            enabled: card.can_confirm && Ui.link.live
            label: card.button
            onPushed: Ui.confirm(card.number)
        }
        Column {
            visible: card.seen
            width: parent.width
            spacing: 2

            Row {
                anchors.horizontalCenter: parent.horizontalCenter
                spacing: 6
                Icon { anchors.verticalCenter: parent.verticalCenter; name: "check"; size: 18; colour: Theme.colour.text2 }
                Label { text: Texts.confirmed; size: 16; weight: Font.Medium; color: Theme.colour.text2 }
            }
            Label {
                anchors.horizontalCenter: parent.horizontalCenter
                width: parent.width
                horizontalAlignment: Text.AlignHCenter
                text: card.confirmed
                size: Theme.caption
                fontSizeMode: Text.HorizontalFit
                minimumPixelSize: 12
                color: Theme.colour.text2
            }
        }
        HoldButton {
            objectName: "reset_" + card.number
            visible: card.latched
            width: parent.width
            height: Theme.target
            size: 17
            fill: Theme.colour.surface2
            rim: Theme.colour.text2
            sweep: Theme.colour.line
            ink: Theme.colour.text
            offRim: Theme.colour.line
            offInk: Theme.colour.text3
            label: card.reset
            enabled: card.can_reset && Ui.link.live
            onHeld: Ui.reset_error(card.number)
        }
    }
}
