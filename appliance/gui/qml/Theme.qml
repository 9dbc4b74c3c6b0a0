pragma Singleton
import QtQuick

// Colours, sizes and type. Contrast is tested: text and text2 at least 7 on bg, everything written at least 4.5.
QtObject {
    id: theme

    property bool isDark: true
    readonly property Colours colour: isDark ? dark : light

    readonly property Colours dark: Colours {
        bg: "#0A0E13"; surface: "#131A22"; surface2: "#1C2530"; line: "#2A3542"
        text: "#F2F5F8"; text2: "#A9B6C4"; text3: "#8593A1"
        accent: "#35D0BA"; accentInk: "#06231F"
        solar: "#FFD60A"; grid: "#9DB2FF"; load: "#F2F5F8"
        ok: "#4ADE80"; info: "#7CB8FF"
        warning: "#FFB020"; warningFill: "#FFB020"; warningInk: "#1A1200"; warningTile: "#4A3200"
        fault: "#FF6B6B"; faultFill: "#8E1620"; faultInk: "#FFFFFF"; faultInk2: "#FFD9DC"; faultDeep: "#650C14"; faultTile: "#451318"
        scrim: "#B3000000"
    }
    readonly property Colours light: Colours {
        bg: "#EEF1F5"; surface: "#FFFFFF"; surface2: "#E4E9EF"; line: "#CBD3DC"
        text: "#10161D"; text2: "#3F4C5A"; text3: "#566370"
        accent: "#00695C"; accentInk: "#FFFFFF"
        solar: "#7A5E00"; grid: "#3F51C8"; load: "#10161D"
        ok: "#136C34"; info: "#1D5FB8"
        warning: "#8F4E00"; warningFill: "#FFB020"; warningInk: "#1A1200"; warningTile: "#FFE2B0"
        fault: "#C62828"; faultFill: "#B3202A"; faultInk: "#FFFFFF"; faultInk2: "#FFE6E8"; faultDeep: "#8E1620"; faultTile: "#FFE0E2"
        scrim: "#66000000"
    }

    function tone(name: string): color {
        switch (name) {
        case "ok": return colour.ok
        case "info": return colour.info
        case "warning": return colour.warning
        case "fault": return colour.fault
        case "critical": return colour.fault
        default: return colour.text2
        }
    }

    // A number and its unit stay on one line.
    function kept(words: string): string { return words.replace(/(\d) (?=(?:k?Wh?|V|A|var|s|h|min|Hz|%|°C)(?!\w))/g, "$1\u00a0") }

    readonly property int caption: 15
    readonly property int body: 18
    readonly property int section: 22
    readonly property int tileValue: 34
    readonly property int notice: 34
    readonly property int hero: 72

    readonly property int margin: 16
    readonly property int gap: 12
    readonly property int railWidth: 88
    readonly property int barHeight: 48
    readonly property int radius: 14
    readonly property int buttonRadius: 12
    readonly property int target: 56
}
