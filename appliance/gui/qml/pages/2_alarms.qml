import QtQuick
import ".."
import Appliance

// What is wrong now, what the box did about it, and what a person can do.
Item {
    id: page
    readonly property bool overflows: list.contentHeight > list.height + 1

    Label {
        id: title
        x: Theme.margin
        height: Theme.target
        y: 8
        text: Texts.alarms_title
        size: Theme.section
        weight: Font.DemiBold
    }
    Label {
        anchors {
            left: title.right; leftMargin: 14; right: actions.left; rightMargin: 14
            verticalCenter: title.verticalCenter
        }
        height: Theme.target
        wrapMode: Text.Wrap
        fontSizeMode: Text.Fit
        minimumPixelSize: 14
        text: Ui.alarms.refused !== "" ? Ui.alarms.refused : Ui.alarms.count
        size: 17
        color: Ui.alarms.refused !== "" ? Theme.colour.warning : Theme.colour.text2
    }
    Row {
        id: actions
        anchors { right: parent.right; rightMargin: Theme.margin; verticalCenter: title.verticalCenter }
        spacing: Theme.gap

        PushButton {
            objectName: "confirm_all"
            visible: Ui.alarms.can_confirm_all
            enabled: Ui.link.live
            label: Texts.confirm_all
            onPushed: Ui.confirm_all()
        }
        PushButton {
            visible: page.overflows
            enabled: !list.atYBeginning
            label: Texts.alarms_previous
            icon: "up"
            onPushed: list.leaf(-1)
        }
        PushButton {
            visible: page.overflows
            enabled: !list.atYEnd
            label: Texts.alarms_next
            icon: "down"
            onPushed: list.leaf(1)
        }
    }

    ListView {
        id: list
        anchors {
            left: parent.left; right: parent.right; top: title.bottom; bottom: parent.bottom
            leftMargin: Theme.margin; rightMargin: Theme.margin; topMargin: 8
        }
        bottomMargin: Theme.margin
        model: Ui.alarm_rows
        spacing: 8
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        // Heights differ: with all rows made, the length of the list is known.
        cacheBuffer: 4000
        delegate: AlarmCard { width: list.width }

        function leaf(way: int) {
            const last = Math.max(0, contentHeight + bottomMargin - height)
            contentY = Math.max(0, Math.min(last, contentY + way * height * 0.9))
        }
    }

    Column {
        visible: Ui.alarms.active === 0
        anchors.centerIn: parent
        anchors.verticalCenterOffset: -8
        width: parent.width - 120
        spacing: 10

        Rectangle {
            anchors.horizontalCenter: parent.horizontalCenter
            width: 96
            height: 96
            radius: 48
            color: Theme.colour.surface2

            Icon {
                anchors.centerIn: parent
                name: Ui.alarms.known ? "check" : "lost"
                size: 52
                thickness: 4
                colour: Ui.alarms.known && Ui.link.live ? Theme.colour.ok : Theme.colour.text2
            }
        }
        Item { width: 1; height: 4 }
        Label {
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: Ui.alarms.empty_title
            size: 28
            weight: Font.DemiBold
        }
        Label {
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: Ui.alarms.empty_more
            size: Theme.body
            wrapMode: Text.Wrap
            color: Theme.colour.text2
        }
    }
}
