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

        delegate: Rectangle {
            id: row
            required property string name
            required property string title
            required property string needs
            required property string note
            required property bool current
            required property bool pending

            width: list.width
            height: Math.max(72, words.height + 18)
            radius: Theme.buttonRadius
            color: touch.down ? Theme.colour.line : Theme.colour.surface2
            border.width: current || pending ? 2 : 0
            border.color: current ? Theme.colour.accent : Theme.colour.info

            Column {
                id: words
                anchors { left: parent.left; leftMargin: 18; right: state.left; rightMargin: 12; verticalCenter: parent.verticalCenter }
                spacing: 2

                Label {
                    width: parent.width
                    text: row.title
                    size: 20
                    weight: row.current ? Font.DemiBold : Font.Normal
                    fontSizeMode: Text.HorizontalFit
                    minimumPixelSize: Theme.caption
                }
                Label {
                    visible: text !== ""
                    width: parent.width
                    text: row.needs
                    size: Theme.caption
                    color: Theme.colour.text2
                    wrapMode: Text.Wrap
                }
            }
            Row {
                id: state
                anchors { right: parent.right; rightMargin: 18; verticalCenter: parent.verticalCenter }
                spacing: 10

                Label {
                    anchors.verticalCenter: parent.verticalCenter
                    text: row.note
                    size: 16
                    color: row.current ? Theme.colour.accent : Theme.colour.info
                }
                Icon {
                    visible: row.current
                    anchors.verticalCenter: parent.verticalCenter
                    name: "check"
                    size: 22
                    colour: Theme.colour.accent
                }
            }
            Touch {
                id: touch
                objectName: "mode_" + row.name
                anchors.fill: parent
                name: row.title
                enabled: Ui.link.live
                onClicked: {
                    sheet.asked = true
                    Ui.choose_mode(row.name)
                }
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
