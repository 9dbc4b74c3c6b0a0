import QtQuick
import Appliance

// One of the four powers: what, how much, which way.
Card {
    id: tile
    required property QtObject flow
    required property string icon
    required property string title
    required property color colour
    readonly property color ink: flow.known ? Theme.colour.text : Theme.colour.text3

    implicitWidth: 164
    implicitHeight: 124
    visible: flow.shown

    Icon {
        id: sign
        x: 14
        y: 14
        name: tile.icon
        colour: tile.flow.known ? tile.colour : Theme.colour.text3
    }

    Label {
        anchors { left: sign.right; leftMargin: 10; verticalCenter: sign.verticalCenter }
        text: tile.title
        color: Theme.colour.text2
    }

    Label {
        id: value
        x: 14
        y: 44
        text: tile.flow.value
        size: Theme.tileValue
        weight: Font.DemiBold
        color: tile.ink
    }

    Label {
        anchors { left: value.right; leftMargin: 6; baseline: value.baseline }
        text: Texts.kw
        color: Theme.colour.text2
    }

    Row {
        x: 14
        y: 90
        spacing: 6

        Label {
            visible: tile.flow.arrow !== ""
            text: tile.flow.arrow
            size: 17
            weight: Font.DemiBold
            color: word.color
        }

        Label {
            id: word
            text: tile.flow.word
            size: 17
            weight: Font.Medium
            color: !tile.flow.known ? Theme.colour.text3
                : tile.flow.inward === 0 ? Theme.colour.text2 : tile.colour
        }
    }
}
