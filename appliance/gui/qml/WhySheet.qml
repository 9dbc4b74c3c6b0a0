import QtQuick
import Appliance

// The whole sentence, however long, and every mode's answer behind it.
Sheet {
    id: sheet
    title: Texts.why
    contentHeight: Math.max(100, column.height)
    scrolled: flick
    onVisibleChanged: flick.contentY = 0

    Flickable {
        id: flick
        anchors.fill: parent
        contentHeight: column.height
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        Column {
            id: column
            width: parent.width
            spacing: 8

            Label {
                width: parent.width
                bottomPadding: 4
                text: Theme.kept(Ui.why.sentence)
                size: answers.count > 0 ? 20 : 24
                lineHeight: 1.15
                wrapMode: Text.Wrap
            }
            Label {
                visible: answers.count > 0
                width: parent.width
                text: Texts.why_asked
                size: Theme.caption
                color: Theme.colour.text2
            }
            Repeater {
                id: answers
                model: sheet.visible ? Ui.heard_rows : 0
                delegate: HeardCard { width: column.width }
            }
        }
    }
}
