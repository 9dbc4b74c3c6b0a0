import QtQuick
import Appliance

// The pages, one below the other, with the count of alarms on theirs.
Rectangle {
    id: rail
    required property var pages
    property int current: 0

    implicitWidth: Theme.railWidth
    color: Theme.colour.surface

    Rectangle {
        anchors { right: parent.right; top: parent.top; bottom: parent.bottom }
        width: 1
        color: Theme.colour.line
    }

    Column {
        anchors { top: parent.top; topMargin: 6; left: parent.left; right: parent.right }
        spacing: 6

        Repeater {
            model: rail.pages

            Item {
                id: entry
                required property int index
                required property string modelData
                readonly property string page: modelData.split("_")[1]
                readonly property bool current: index === rail.current

                width: rail.width
                height: 88

                Rectangle {
                    anchors { fill: parent; leftMargin: 6; rightMargin: 6 }
                    radius: Theme.buttonRadius
                    color: entry.current || touch.down ? Theme.colour.surface2 : "transparent"
                }
                Rectangle {
                    visible: entry.current
                    anchors.verticalCenter: parent.verticalCenter
                    width: 4
                    height: 40
                    radius: 2
                    color: Theme.colour.accent
                }
                Icon {
                    id: sign
                    anchors.horizontalCenter: parent.horizontalCenter
                    y: 16
                    size: 30
                    name: entry.page
                    colour: entry.current ? Theme.colour.accent : Theme.colour.text2
                }
                Label {
                    anchors.horizontalCenter: parent.horizontalCenter
                    y: 54
                    text: Texts["page_" + entry.page]
                    size: 16
                    weight: entry.current ? Font.DemiBold : Font.Normal
                    color: entry.current ? Theme.colour.text : Theme.colour.text2
                }
                Badge {
                    visible: entry.page === "alarms" && Ui.alarms.badge !== ""
                    x: sign.x + 18
                    y: 8
                }
                Touch {
                    id: touch
                    objectName: "rail_" + entry.page
                    anchors.fill: parent
                    name: Texts["page_" + entry.page]
                    onClicked: rail.current = entry.index
                }
            }
        }
    }
}
