import QtQuick

// What one mode has answered: what it wants, what it leaves to others, why, and what came of it.
Rectangle {
    id: card
    required property string title
    required property string wants
    required property string more
    required property string mark
    required property bool won
    required property bool holds
    required property bool blind
    required property bool counts

    height: Math.max(56, words.height + 18)
    radius: Theme.buttonRadius
    color: Theme.colour.surface2
    border.width: won || holds ? 2 : 0
    border.color: won ? Theme.colour.accent : Theme.colour.info

    Column {
        id: words
        anchors { left: parent.left; leftMargin: 16; right: side.left; rightMargin: 12; verticalCenter: parent.verticalCenter }
        spacing: 2

        Label {
            width: parent.width
            text: card.title
            weight: card.won ? Font.DemiBold : Font.Normal
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.caption
            color: card.counts ? Theme.colour.text : Theme.colour.text3
        }
        Label {
            visible: text !== ""
            width: parent.width
            text: card.more
            size: Theme.caption
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
    }
    Column {
        id: side
        anchors { right: parent.right; rightMargin: 16; verticalCenter: parent.verticalCenter }
        spacing: 2

        Label {
            anchors.right: parent.right
            text: card.wants
            weight: card.won ? Font.DemiBold : Font.Normal
            color: card.blind ? Theme.colour.warning : card.counts ? Theme.colour.text : Theme.colour.text3
        }
        Label {
            anchors.right: parent.right
            visible: text !== ""
            text: card.mark
            size: Theme.caption
            color: card.won ? Theme.colour.accent : card.holds ? Theme.colour.info : Theme.colour.text2
        }
    }
}
