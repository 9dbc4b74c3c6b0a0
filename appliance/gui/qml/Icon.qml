import QtQuick
import QtQuick.Shapes

// One line drawing of Icons.
Item {
    id: icon
    required property string name
    property color colour: Theme.colour.text
    property real size: 26
    property real thickness: 2

    implicitWidth: size
    implicitHeight: size

    Shape {
        width: 24
        height: 24
        transform: Scale { xScale: icon.size / 24; yScale: icon.size / 24 }

        ShapePath {
            fillColor: "transparent"
            strokeColor: icon.colour
            strokeWidth: icon.thickness * 24 / icon.size
            capStyle: ShapePath.RoundCap
            joinStyle: ShapePath.RoundJoin
            PathSvg { path: Icons.paths[icon.name] ?? "" }
        }
    }
}
