import QtQuick
import ".."
import Appliance

// The whole site at a glance: four powers around the state of charge, the mode, and why.
Item {
    id: home
    signal modeTapped
    signal whyTapped
    // What a larger screen has to spare.
    readonly property real slack: Math.max(0, height - 432)
    readonly property real upper: 16 + slack / 2
    readonly property real lower: 164 + slack / 2

    SocRing {
        id: ring
        anchors.horizontalCenter: parent.horizontalCenter
        y: 20 + home.slack / 2
    }

    component Spoke: FlowLine {
        required property Item tile
        x: ringIsRight ? tile.x + tile.width : ring.x + ring.width - inset
        y: tile.y + tile.height / 2 - height / 2
        width: ringIsRight ? ring.x + inset - x : tile.x - x
        // The lines end on the ring, whose edge curves away from its box.
        readonly property real rise: Math.abs(tile.y + tile.height / 2 - ring.y - ring.height / 2)
        readonly property real inset: ring.width / 2 - Math.sqrt(ring.width * ring.width / 4 - rise * rise)
        colour: tile.colour
        flow: tile.flow
        // Under the ring: the dots run into it.
        z: -1
    }

    FlowTile {
        id: solar
        x: Theme.margin
        y: home.upper
        flow: Ui.solar
        icon: "solar"
        title: Texts.solar
        colour: Theme.colour.solar
    }
    FlowTile {
        id: grid
        x: Theme.margin
        y: home.lower
        flow: Ui.grid
        icon: "grid"
        title: Texts.grid
        colour: Theme.colour.grid
    }
    FlowTile {
        id: load
        x: parent.width - Theme.margin - width
        y: home.upper
        flow: Ui.load
        icon: "load"
        title: Texts.load
        colour: Theme.colour.load
    }
    FlowTile {
        id: battery
        x: parent.width - Theme.margin - width
        y: home.lower
        flow: Ui.battery
        icon: "battery"
        title: Texts.battery
        colour: Theme.colour.accent
    }
    Spoke { tile: solar; ringIsRight: true }
    Spoke { tile: grid; ringIsRight: true }
    Spoke { tile: load; ringIsRight: false }
    Spoke { tile: battery; ringIsRight: false }

    Rectangle {
        visible: Ui.why.limit !== ""
        anchors.horizontalCenter: parent.horizontalCenter
        y: 295 + home.slack / 2
        width: Math.min(limit.implicitWidth + 28, 440)
        height: 30
        radius: 15
        color: Theme.colour.surface2
        border.width: 1
        border.color: Theme.colour.info

        Label {
            id: limit
            anchors { fill: parent; leftMargin: 14; rightMargin: 14 }
            horizontalAlignment: Text.AlignHCenter
            text: Ui.why.limit
            size: 16
            weight: Font.Medium
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: 13
            color: Theme.colour.info
        }
    }

    Card {
        id: mode
        x: Theme.margin
        anchors { bottom: parent.bottom; bottomMargin: Theme.margin }
        width: 248
        height: 84
        color: modeTouch.down ? Theme.colour.surface2 : Theme.colour.surface

        Label {
            id: modeCaption
            anchors { left: parent.left; right: parent.right; margins: 14; top: parent.top; topMargin: 12 }
            text: Ui.mode.pending !== "" ? Ui.mode.pending : Ui.mode.caption
            size: Theme.caption
            fontSizeMode: Text.HorizontalFit
            minimumPixelSize: 11
            color: Ui.mode.pending !== "" ? Theme.colour.info : Theme.colour.text2
        }
        Label {
            anchors { left: parent.left; leftMargin: 14; right: others.visible ? others.left : chevron.left; rightMargin: 4; top: modeCaption.bottom; topMargin: 2; bottom: parent.bottom; bottomMargin: 8 }
            objectName: "mode_title"
            text: Ui.mode.title
            size: 21
            weight: Font.DemiBold
            wrapMode: Text.Wrap
            maximumLineCount: 2
            elide: Text.ElideRight
            // The chooser has the whole of it.
            mayBeCut: true
            fontSizeMode: Text.Fit
            minimumPixelSize: 14
            color: Ui.link.live ? Theme.colour.text : Theme.colour.text3
        }
        // So many run beside it; the chooser and "why" name them.
        Rectangle {
            id: others
            visible: Ui.mode.others !== ""
            anchors { right: chevron.left; rightMargin: 6; verticalCenter: chevron.verticalCenter }
            width: Math.max(34, count.implicitWidth + 16)
            height: 26
            radius: 13
            color: Theme.colour.surface2

            Label {
                id: count
                anchors.centerIn: parent
                text: Ui.mode.others
                size: Theme.caption
                weight: Font.Medium
                color: Theme.colour.text2
            }
        }
        Icon {
            id: chevron
            visible: Ui.mode.can_choose
            anchors { right: parent.right; rightMargin: 12; bottom: parent.bottom; bottomMargin: 20 }
            name: "chevron"
            size: 20
            colour: Theme.colour.text2
        }
        Touch {
            id: modeTouch
            objectName: "mode"
            anchors.fill: parent
            radius: Theme.radius
            name: Texts.mode
            enabled: Ui.mode.can_choose
            onClicked: home.modeTapped()
        }
    }

    Card {
        anchors { left: mode.right; leftMargin: Theme.gap; right: parent.right; rightMargin: Theme.margin; bottom: mode.bottom }
        height: mode.height
        color: whyTouch.down ? Theme.colour.surface2 : Theme.colour.surface
        readonly property bool refused: Ui.mode.refused !== ""

        Label {
            id: whyCaption
            anchors { left: parent.left; leftMargin: 14; top: parent.top; topMargin: 12 }
            text: parent.refused ? Texts.mode : Texts.why
            size: Theme.caption
            color: Theme.colour.text2
        }
        Label {
            objectName: "why_sentence"
            anchors {
                left: parent.left; right: parent.right; leftMargin: 14; rightMargin: 14
                top: whyCaption.bottom; topMargin: 3; bottom: parent.bottom; bottomMargin: 5
            }
            verticalAlignment: Text.AlignTop
            text: parent.refused ? Ui.mode.refused : Theme.kept(Ui.why.sentence)
            size: 19
            wrapMode: Text.Wrap
            maximumLineCount: 2
            elide: Text.ElideRight
            // The whole of it is a tap away.
            mayBeCut: true
            fontSizeMode: Text.Fit
            minimumPixelSize: 15
            color: parent.refused ? Theme.colour.warning : Ui.link.live ? Theme.colour.text : Theme.colour.text3
        }
        Touch {
            id: whyTouch
            objectName: "why"
            anchors.fill: parent
            radius: Theme.radius
            name: Texts.why
            onClicked: home.whyTapped()
        }
    }
}
