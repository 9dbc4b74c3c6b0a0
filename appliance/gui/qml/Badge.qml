import QtQuick
import Appliance

// How many alarms wait to be confirmed: filled. All confirmed, but active: only an outline.
Rectangle {
    readonly property bool unseen: Ui.alarms.unseen > 0
    readonly property bool warning: Ui.alarms.tone === "warning"

    implicitWidth: Math.max(24, count.implicitWidth + 12)
    implicitHeight: 24
    radius: 12
    color: !unseen ? Theme.colour.surface2 : warning ? Theme.colour.warningFill : Theme.colour.faultFill
    border.width: unseen && warning ? 0 : 2
    border.color: warning ? Theme.colour.warning : Theme.colour.fault

    Label {
        id: count
        anchors.centerIn: parent
        text: Ui.alarms.badge
        size: Theme.caption
        weight: Font.DemiBold
        color: !parent.unseen ? Theme.colour.text
            : parent.warning ? Theme.colour.warningInk : Theme.colour.faultInk
    }
}
