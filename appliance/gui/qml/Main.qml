import QtQuick
import Appliance

Window {
    id: root
    required property var pages
    property alias page: rail.current
    // The sheet that lies open: "mode", "state", "why", "test" or none.
    property string sheet: ""

    width: 800
    height: 480
    visible: true
    title: Ui.header.site
    color: Theme.colour.bg

    Rail {
        id: rail
        anchors { left: parent.left; top: parent.top; bottom: parent.bottom }
        pages: root.pages
    }

    // Home stays alive; of the others only the one that is shown.
    Repeater {
        model: root.pages

        Loader {
            id: loader
            required property int index
            required property string modelData
            anchors { left: rail.right; right: parent.right; top: bar.bottom; bottom: parent.bottom }
            active: index === 0 || index === rail.current
            visible: index === rail.current
            source: "pages/" + modelData + ".qml"

            Connections {
                target: loader.item
                ignoreUnknownSignals: true
                function onModeTapped() { root.sheet = "mode" }
                function onWhyTapped() { root.sheet = "why" }
            }
        }
    }

    StatusBar {
        id: bar
        anchors { left: rail.right; right: parent.right; top: parent.top }
        onTestTapped: root.sheet = "test"
        onStateTapped: root.sheet = "state"
        onAlarmTapped: rail.current = root.pages.findIndex(page => page.endsWith("_alarms"))
    }

    ModeSheet { anchors.fill: parent; visible: root.sheet === "mode"; onClosed: root.sheet = "" }
    StateSheet { anchors.fill: parent; visible: root.sheet === "state"; onClosed: root.sheet = "" }
    TestSheet { anchors.fill: parent; visible: root.sheet === "test"; onClosed: root.sheet = "" }
    WhySheet { anchors.fill: parent; visible: root.sheet === "why"; onClosed: root.sheet = "" }
    // A test by hand is never to be overlooked: a frame round everything.
    Rectangle {
        objectName: "test_frame"
        visible: Ui.by_hand.active
        anchors.fill: parent
        color: "transparent"
        border.width: 4
        border.color: Theme.colour.warning
    }
    StartSheet { objectName: "start_sheet"; anchors.fill: parent }
    LostNotice { objectName: "lost_notice"; anchors.fill: parent }
    EstopNotice { objectName: "estop_notice"; anchors.fill: parent }
}
