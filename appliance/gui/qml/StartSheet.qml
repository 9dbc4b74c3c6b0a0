import QtQuick
import Appliance

// After the reset of an emergency stop: it starts nothing, so here is the way to start.
Sheet {
    title: Texts.start_title
    visible: Ui.start.active
    contentHeight: column.height
    onClosed: Ui.stay_at_rest()

    Column {
        id: column
        anchors { left: parent.left; right: parent.right }
        spacing: 10

        Label { width: parent.width; text: Texts.start_rests; size: 24; weight: Font.DemiBold; wrapMode: Text.Wrap }
        Label {
            objectName: "start_now"
            readonly property bool refused: Ui.start.refused !== ""
            width: parent.width
            text: refused ? Ui.start.refused : Ui.start.now
            weight: refused ? Font.DemiBold : Font.Normal
            wrapMode: Text.Wrap
            maximumLineCount: 3
            elide: Text.ElideRight
            // The whole of it is behind "why" on the first page.
            mayBeCut: !refused
            color: refused ? Theme.colour.warning : Theme.colour.text2
        }
        Item { width: 1; height: 4 }
        HoldButton {
            objectName: "start"
            width: 300
            height: 72
            size: 22
            fill: Theme.colour.accent
            rim: Theme.colour.accent
            sweep: Theme.colour.info
            ink: Theme.colour.accentInk
            offRim: Theme.colour.line
            offInk: Theme.colour.text3
            label: Ui.start.label
            enabled: Ui.start.can_start
            onHeld: Ui.choose_state("run")
        }
    }
}
