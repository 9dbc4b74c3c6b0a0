import QtQuick
import Appliance

// The whole sentence, however long.
Sheet {
    id: sheet
    title: Texts.why
    contentHeight: Math.max(100, sentence.height)

    Flickable {
        anchors.fill: parent
        contentHeight: sentence.height
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        Label {
            id: sentence
            width: parent.width
            text: Ui.why.sentence
            size: 24
            lineHeight: 1.15
            wrapMode: Text.Wrap
        }
    }
}
