import QtQuick
import Appliance

// A test by hand: what is held, for how long, and the way to end it.
Sheet {
    id: sheet
    title: Texts.test_title
    contentHeight: words.height

    Column {
        id: words
        anchors { left: parent.left; right: parent.right }
        spacing: 6

        Label { width: parent.width; text: Ui.by_hand.strip + " · " + Ui.by_hand.left; wrapMode: Text.Wrap; color: Theme.colour.text2 }
        Label { width: parent.width; text: Ui.by_hand.holds; size: 24; weight: Font.DemiBold; wrapMode: Text.Wrap }
        Label { width: parent.width; text: Texts.test_walls; wrapMode: Text.Wrap }
        Label { width: parent.width; text: Ui.by_hand.after; wrapMode: Text.Wrap; color: Theme.colour.text2 }
        Label {
            width: parent.width
            visible: text !== ""
            text: Ui.by_hand.refused
            weight: Font.DemiBold
            wrapMode: Text.Wrap
            color: Theme.colour.warning
        }
        Item { width: 1; height: 6 }
        PushButton {
            objectName: "end_test"
            enabled: Ui.by_hand.can_end
            label: Ui.by_hand.label
            onPushed: Ui.end_test()
        }
    }

    Connections {
        target: Ui.by_hand
        function onActive_changed() { if (!Ui.by_hand.active) sheet.closed() }
    }
}
