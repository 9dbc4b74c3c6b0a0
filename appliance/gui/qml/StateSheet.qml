import QtQuick
import Appliance

// What the box is to do; a tap asks for it, a restart is held. The answer shows here.
Sheet {
    id: sheet
    title: Texts.state_choose
    contentHeight: column.height
    property bool asked: false

    onClosed: asked = false

    function ask(name: string) {
        asked = true
        Ui.choose_state(name)
    }

    Connections {
        target: Ui.state
        function onPending_changed() {
            if (sheet.asked && Ui.state.pending === "" && Ui.state.refused === "")
                sheet.closed()
        }
    }

    Column {
        id: column
        anchors { left: parent.left; right: parent.right }
        spacing: 8

        Label {
            objectName: "state_now"
            readonly property bool refused: Ui.state.refused !== ""
            width: parent.width
            text: refused ? Ui.state.refused : Ui.state.now
            size: 17
            weight: refused ? Font.DemiBold : Font.Normal
            wrapMode: Text.Wrap
            maximumLineCount: 2
            elide: Text.ElideRight
            // The whole of it is behind "why" on the first page.
            mayBeCut: !refused
            color: refused ? Theme.colour.warning : Theme.colour.text2
        }
        Repeater {
            model: Ui.state_rows
            delegate: ChoiceRow {
                required property string does
                required property bool can_choose
                width: column.width
                least: 60
                says: does
                target: "state_" + name
                open: can_choose
                onChosen: sheet.ask(name)
            }
        }
        Row {
            topPadding: 6
            spacing: Theme.gap

            Repeater {
                model: Ui.restart_rows
                delegate: Column {
                    id: restart
                    required property string name
                    required property string title
                    required property string does
                    required property bool pending
                    required property bool can_choose
                    width: (column.width - Theme.gap) / 2
                    spacing: 4

                    HoldButton {
                        objectName: "state_" + restart.name
                        width: parent.width
                        height: Theme.target
                        size: 17
                        fill: Theme.colour.surface
                        rim: Theme.colour.text2
                        sweep: Theme.colour.line
                        ink: Theme.colour.text
                        offRim: Theme.colour.line
                        offInk: Theme.colour.text3
                        label: restart.pending ? Texts.start_asking : restart.title
                        enabled: restart.can_choose
                        onHeld: sheet.ask(restart.name)
                    }
                    Label {
                        width: parent.width
                        horizontalAlignment: Text.AlignHCenter
                        text: restart.does
                        size: Theme.caption
                        fontSizeMode: Text.HorizontalFit
                        minimumPixelSize: 13
                        color: Theme.colour.text2
                    }
                }
            }
        }
    }
}
