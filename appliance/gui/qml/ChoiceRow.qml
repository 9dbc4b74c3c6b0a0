import QtQuick

// One of several things to choose: what it is called, what it does, whether it is the one now.
Rectangle {
    id: row
    required property string name
    required property string title
    required property string says
    required property string note
    required property bool current
    required property bool pending
    // Of the place to tap.
    required property string target
    property bool open: true
    property real least: 72
    // Below what it does.
    property string more: ""
    signal chosen

    height: Math.max(least, words.height + 18)
    radius: Theme.buttonRadius
    color: touch.down ? Theme.colour.line : Theme.colour.surface2
    border.width: current || pending ? 2 : 0
    border.color: current ? Theme.colour.accent : Theme.colour.info

    Column {
        id: words
        anchors { left: parent.left; leftMargin: 18; right: side.left; rightMargin: 12; verticalCenter: parent.verticalCenter }
        spacing: 2

        Label {
            width: parent.width
            text: row.title
            size: 20
            weight: row.current ? Font.DemiBold : Font.Normal
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.caption
            color: row.open || row.current ? Theme.colour.text : Theme.colour.text3
        }
        Label {
            visible: text !== ""
            width: parent.width
            text: row.says
            size: Theme.caption
            color: Theme.colour.text2
            wrapMode: Text.Wrap
        }
        Label {
            visible: text !== ""
            width: parent.width
            text: row.more
            size: Theme.caption
            color: Theme.colour.text3
            wrapMode: Text.Wrap
        }
    }
    Row {
        id: side
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
        objectName: row.target
        anchors.fill: parent
        name: row.title
        enabled: row.open
        onClicked: row.chosen()
    }
}
