import QtQuick

// Text in the screen's font: digits of equal width, nothing interpreted as markup.
Text {
    property int size: Theme.body
    property int weight: Font.Normal
    // A label that may be cut says where the whole text is to be read.
    property bool mayBeCut: false

    font.pixelSize: size
    font.weight: weight
    font.features: ({ "tnum": 1, "calt": 0 })
    color: Theme.colour.text
    textFormat: Text.PlainText
    verticalAlignment: Text.AlignVCenter
}
