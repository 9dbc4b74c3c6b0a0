import QtQuick

// An outlined button with a verb.
Rectangle {
    id: button
    required property string label
    property string icon: ""
    signal pushed

    implicitWidth: Math.max(Theme.target, icon === "" ? words.implicitWidth + 36 : Theme.target)
    implicitHeight: Theme.target
    radius: Theme.buttonRadius
    color: touch.down ? Theme.colour.line : Theme.colour.surface2
    border.width: 2
    border.color: enabled ? Theme.colour.text2 : Theme.colour.line

    Label {
        id: words
        visible: button.icon === ""
        anchors.centerIn: parent
        text: button.label
        weight: Font.DemiBold
        color: button.enabled ? Theme.colour.text : Theme.colour.text3
    }

    Icon {
        visible: button.icon !== ""
        anchors.centerIn: parent
        name: button.icon
        colour: button.enabled ? Theme.colour.text : Theme.colour.text3
    }

    Touch {
        id: touch
        anchors.fill: parent
        name: button.label
        onClicked: button.pushed()
    }
}
