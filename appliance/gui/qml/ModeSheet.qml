import QtQuick
import Appliance

// The modes this box can run, those of every day first; a tap asks for one, and the answer shows here.
Sheet {
    id: sheet
    title: Texts.mode_choose
    contentHeight: list.contentHeight + foot
    scrolled: list
    property bool asked: false
    property bool further: false
    readonly property real foot: refused.visible ? refused.height + 12 : 0

    onClosed: asked = false
    onVisibleChanged: {
        if (!visible)
            return
        further = Ui.modes.more_in_use
        list.contentY = 0
        Qt.callLater(list.showCurrent)
    }

    Connections {
        target: Ui.mode
        function onPending_changed() {
            if (sheet.asked && Ui.mode.pending === "" && Ui.mode.refused === "")
                sheet.closed()
        }
    }

    component Modes: Repeater {
        id: modes
        delegate: ChoiceRow {
            required property string does
            required property string needs
            required property bool can_choose
            width: list.width
            least: 64
            says: does
            more: needs
            target: "mode_" + name
            open: can_choose
            onChosen: {
                sheet.asked = true
                Ui.choose_mode(name)
            }
        }
    }

    Flickable {
        id: list
        anchors { fill: parent; bottomMargin: sheet.foot }
        contentHeight: column.height
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        // The mode in use is to be seen, however far down it is.
        function showCurrent() {
            column.forceLayout()
            for (const row of column.children)
                if (row.current === true && row.y + row.height > contentY + height)
                    contentY = Math.max(0, Math.min(row.y - 8, contentHeight - height))
        }

        function showFurther() {
            column.forceLayout()
            contentY = Math.max(0, Math.min(more.y, contentHeight - height))
        }

        Column {
            id: column
            width: list.width
            spacing: 8

            Label {
                visible: everyday.count + others.count === 0
                width: parent.width
                wrapMode: Text.Wrap
                text: Texts.mode_none
                color: Theme.colour.text2
            }
            // Rows are made when somebody looks at them.
            Modes { id: everyday; model: sheet.visible ? Ui.mode_rows : 0 }
            Rectangle {
                id: more
                visible: Ui.modes.more !== ""
                width: parent.width
                height: Theme.target
                radius: Theme.buttonRadius
                color: moreTouch.down ? Theme.colour.line : "transparent"
                border.width: 1
                border.color: Theme.colour.line

                Label {
                    anchors { left: parent.left; leftMargin: 18; verticalCenter: parent.verticalCenter }
                    text: Ui.modes.more
                    color: Theme.colour.text2
                }
                Icon {
                    anchors { right: parent.right; rightMargin: 18; verticalCenter: parent.verticalCenter }
                    name: sheet.further ? "up" : "down"
                    size: 20
                    colour: Theme.colour.text2
                }
                Touch {
                    id: moreTouch
                    objectName: "more_modes"
                    anchors.fill: parent
                    name: Ui.modes.more
                    onClicked: {
                        sheet.further = !sheet.further
                        if (sheet.further)
                            Qt.callLater(list.showFurther)
                        else
                            list.returnToBounds()
                    }
                }
            }
            Modes { id: others; model: sheet.visible && sheet.further ? Ui.more_rows : 0 }
            Label {
                visible: text !== ""
                width: parent.width
                topPadding: 4
                text: Ui.modes.needs
                size: Theme.caption
                wrapMode: Text.Wrap
                color: Theme.colour.text2
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
