import QtQuick
import Appliance

// Site, state and time; the worst alarm that nobody has confirmed takes its place.
Item {
    id: bar
    signal alarmTapped
    signal testTapped
    signal stateTapped
    readonly property bool alarm: Ui.banner.title !== ""
    readonly property bool test: !alarm && Ui.by_hand.active

    implicitHeight: Theme.barHeight

    Item {
        visible: !bar.alarm && !bar.test
        anchors { fill: parent; leftMargin: Theme.margin; rightMargin: Theme.margin }

        Label {
            id: site
            anchors.verticalCenter: parent.verticalCenter
            width: Math.min(implicitWidth, 320)
            text: Ui.header.site
            size: Theme.section
            weight: Font.DemiBold
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: Theme.caption
        }
        Pill {
            id: pill
            anchors { left: site.right; leftMargin: site.text === "" ? 0 : 12; verticalCenter: parent.verticalCenter }
        }
        Touch {
            objectName: "state"
            anchors.horizontalCenter: pill.horizontalCenter
            width: Math.max(Theme.target, pill.width)
            height: Theme.target
            radius: pill.radius
            name: Texts.state
            enabled: Ui.state.can_choose
            onClicked: bar.stateTapped()
        }
        Row {
            anchors { right: parent.right; verticalCenter: parent.verticalCenter }
            spacing: 8

            Icon {
                visible: Ui.header.clock_note !== ""
                anchors.verticalCenter: parent.verticalCenter
                name: "clock"
                size: 20
                colour: Theme.colour.warning
            }
            Label {
                visible: Ui.header.clock_note !== ""
                anchors.verticalCenter: parent.verticalCenter
                text: Ui.header.clock_note
                size: 16
                color: Theme.colour.warning
            }
            Label {
                anchors.verticalCenter: parent.verticalCenter
                text: Ui.header.time
                size: 20
                weight: Font.Medium
            }
        }
    }

    Rectangle {
        id: strip
        visible: bar.test
        anchors { fill: parent; leftMargin: Theme.margin; rightMargin: Theme.margin; topMargin: 8; bottomMargin: 2 }
        radius: 10
        color: Theme.colour.warningTile

        Label {
            id: who
            anchors { left: parent.left; leftMargin: 14; verticalCenter: parent.verticalCenter }
            text: Ui.by_hand.strip
            weight: Font.DemiBold
            color: Theme.colour.warning
        }
        Label {
            anchors {
                left: who.right; leftMargin: 12; right: until.left; rightMargin: 12
                verticalCenter: parent.verticalCenter
            }
            text: Ui.by_hand.left
            size: 16
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: 12
            color: Theme.colour.warning
        }
        Row {
            id: until
            anchors { right: parent.right; rightMargin: 10; verticalCenter: parent.verticalCenter }
            spacing: 14

            Label { text: Ui.header.time; size: 20; weight: Font.Medium; color: Theme.colour.warning }
            Icon { anchors.verticalCenter: parent.verticalCenter; name: "chevron"; size: 20; colour: Theme.colour.warning }
        }
    }
    Touch {
        objectName: "test_strip"
        visible: bar.test
        anchors { left: strip.left; right: strip.right }
        height: Theme.target
        radius: 10
        name: Ui.by_hand.strip
        onClicked: bar.testTapped()
    }

    Rectangle {
        id: banner
        readonly property bool warning: Ui.banner.tone === "warning"
        readonly property color ink: warning ? Theme.colour.warningInk : Theme.colour.faultInk

        visible: bar.alarm
        anchors { fill: parent; leftMargin: Theme.margin; rightMargin: Theme.margin; topMargin: 6; bottomMargin: 2 }
        radius: 10
        color: warning ? Theme.colour.warningFill : Theme.colour.faultFill

        Icon {
            id: sign
            anchors { left: parent.left; leftMargin: 12; verticalCenter: parent.verticalCenter }
            name: banner.warning ? "warning" : "fault"
            size: 22
            colour: banner.ink
        }
        Label {
            anchors {
                left: sign.right; leftMargin: 12; right: right.left; rightMargin: 12
                verticalCenter: parent.verticalCenter
            }
            text: Ui.banner.title
            weight: Font.DemiBold
            color: banner.ink
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: 13
        }
        Row {
            id: right
            anchors { right: parent.right; rightMargin: 10; verticalCenter: parent.verticalCenter }
            spacing: 14

            Label { visible: text !== ""; height: parent.height; text: Ui.banner.more; weight: Font.DemiBold; color: banner.ink }
            Rectangle {
                id: outlined
                anchors.verticalCenter: parent.verticalCenter
                width: state.implicitWidth + 22
                height: 26
                radius: 13
                color: "transparent"
                border.width: 1
                border.color: banner.ink

                Label { id: state; anchors.centerIn: parent; text: Ui.header.pill; size: 15; weight: Font.Medium; color: banner.ink }
            }
            Label { text: Ui.header.time; size: 20; weight: Font.Medium; color: banner.ink }
            Icon { anchors.verticalCenter: parent.verticalCenter; name: "chevron"; size: 20; colour: banner.ink }
        }
    }

    Touch {
        objectName: "banner"
        visible: bar.alarm
        anchors { left: banner.left; right: banner.right }
        height: Theme.target
        radius: 10
        name: Ui.banner.title
        onClicked: bar.alarmTapped()
    }
    Touch {
        objectName: "state_in_banner"
        visible: bar.alarm
        // The pill lies in a row in the banner; `right.x` and its widths are what its place follows.
        x: banner.x + right.x + outlined.x + outlined.width / 2 - width / 2
        width: Math.max(Theme.target, outlined.width)
        height: Theme.target
        radius: 13
        name: Texts.state
        enabled: Ui.state.can_choose
        onClicked: bar.stateTapped()
    }
}
