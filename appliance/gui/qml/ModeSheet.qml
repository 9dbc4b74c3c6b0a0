import QtQuick
import Appliance

// The modes this box can run; a tap asks for one, and the answer shows here.
Sheet {
    id: sheet
    title: Texts.mode_choose
    contentHeight: Math.max(64, list.contentHeight) + 8 + (refused.visible ? refused.height + 6 : 0)
    property bool asked: false

    onClosed: asked = false

    Connections {
        target: Ui.mode
        function onPending_changed() {
            if (sheet.asked && Ui.mode.pending === "" && Ui.mode.refused === "")
                sheet.closed()
        }
    }

    Label {
        visible: list.count === 0
        width: parent.width
        wrapMode: Text.Wrap
        text: Texts.mode_none
        color: Theme.colour.text2
    }

    ListView {
        id: list
        anchors { left: parent.left; right: parent.right; top: parent.top; bottom: parent.bottom; bottomMargin: 8 + (refused.visible ? refused.height + 6 : 0) }
        model: Ui.mode_rows
        spacing: 8
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        delegate: ChoiceRow {
            required property string needs
            width: list.width
            says: needs
            target: "mode_" + name
            open: Ui.link.live
            onChosen: {
                sheet.asked = true
                Ui.choose_mode(name)
            }
        }
    }

    Label {
        id: refused
        objectName: "mode_refused"
        anchors { left: parent.left; right: parent.right; bottom: parent.bottom }
        visible: text !== ""
        text: Ui.mode.refused
        wrapMode: Text.Wrap
        color: Theme.colour.warning
    }
}
