import QtQuick
import Appliance

// The emergency stop, over everything: what happened, what to do, and the way back.
Rectangle {
    visible: Ui.estop.active
    color: Theme.colour.faultFill

    MouseArea { anchors.fill: parent; objectName: "scrim" }

    Icon {
        id: sign
        x: 36
        y: 34
        name: "fault"
        size: 76
        thickness: 5
        colour: Theme.colour.faultInk
    }

    Column {
        anchors { left: sign.right; leftMargin: 28; right: parent.right; rightMargin: 36; top: parent.top; topMargin: 26 }
        spacing: 2

        Label {
            width: parent.width
            text: Ui.estop.title
            size: 46
            weight: Font.DemiBold
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.section
            color: Theme.colour.faultInk
        }
        Label {
            width: parent.width
            text: Ui.estop.since
            size: 20
            wrapMode: Text.Wrap
            maximumLineCount: 2
            color: Theme.colour.faultInk2
        }
        Item { width: 1; height: 16 }
        Label {
            width: parent.width
            text: Ui.estop.happened
            size: Theme.notice
            wrapMode: Text.Wrap
            color: Theme.colour.faultInk
        }
        Item { width: 1; height: 10 }
        Label {
            width: parent.width
            text: Ui.estop.todo
            size: Theme.notice
            weight: Font.DemiBold
            wrapMode: Text.Wrap
            color: Theme.colour.faultInk
        }
    }

    Rectangle {
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        height: 124
        color: Theme.colour.faultDeep

        Icon {
            id: button
            anchors { left: parent.left; leftMargin: 52; verticalCenter: parent.verticalCenter }
            name: Ui.estop.released ? "check" : Ui.link.live ? "button" : "lost"
            size: 44
            thickness: 4
            colour: Theme.colour.faultInk
        }
        Column {
            anchors {
                left: button.right; leftMargin: 44; right: reset.left; rightMargin: 24
                verticalCenter: parent.verticalCenter
            }
            spacing: 4

            Label {
                width: parent.width
                text: Ui.estop.button
                size: Theme.section
                weight: Font.DemiBold
                wrapMode: Text.Wrap
                color: Theme.colour.faultInk
            }
            Label {
                width: parent.width
                visible: text !== ""
                objectName: "reset_refused"
                text: Ui.estop.refused !== "" ? Ui.estop.refused : Ui.estop.facts
                weight: Ui.estop.refused !== "" ? Font.DemiBold : Font.Normal
                wrapMode: Text.Wrap
                color: Ui.estop.refused !== "" ? Theme.colour.warning : Theme.colour.faultInk2
            }
        }
        HoldButton {
            id: reset
            objectName: "reset"
            anchors { right: parent.right; rightMargin: 36; verticalCenter: parent.verticalCenter }
            width: 264
            label: Ui.estop.label
            enabled: Ui.estop.can_reset
            onHeld: Ui.reset()
        }
    }
}
