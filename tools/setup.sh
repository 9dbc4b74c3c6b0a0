#!/bin/sh
# Installs what is missing, and nothing when nothing is: virtual environment, locked
# dependencies, the system libraries Qt needs, and the font. Run by make, from the root.
set -eu
python=${PYTHON:-python3}
venv=${VENV:-.venv}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

apt_install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "apt-get install $*"
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "These Debian packages are missing. Install them, then run make again:"
        say "    sudo apt-get install --no-install-recommends $*"
        exit 1
    fi
}

stamp="$venv/installed-$(cat requirements.lock pyproject.toml tools/setup.sh | sha256sum | cut -c1-16)"
[ -e "$stamp" ] && exit 0

command -v "$python" >/dev/null || apt_install python3 python3-venv
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || {
    say "$python is $("$python" --version 2>&1); the appliance needs Python 3.11 to 3.13."
    say "Name another one: make PYTHON=python3.13 …"
    exit 1
}
if ! [ -x "$venv/bin/pip" ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    say "make the virtual environment $venv"
    "$python" -m venv "$venv"
fi
say "install the locked dependencies (once; a few minutes on a small computer)"
"$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .

# Which libraries does Qt look for and not find? Sonames to Debian packages.
package_of() {
    case $1 in
        libEGL.so.1) echo libegl1 ;;
        libGL.so.1) echo libgl1 ;;
        libGLX.so.0) echo libglx0 ;;
        libOpenGL.so.0) echo libopengl0 ;;
        libfontconfig.so.1) echo libfontconfig1 ;;
        libfreetype.so.6) echo libfreetype6 ;;
        libdbus-1.so.3) echo libdbus-1-3 ;;
        libglib-2.0.so.0 | libgthread-2.0.so.0) echo libglib2.0-0 ;;
        libxkbcommon.so.0) echo libxkbcommon0 ;;
        libxkbcommon-x11.so.0) echo libxkbcommon-x11-0 ;;
        libX11.so.6) echo libx11-6 ;;
        libX11-xcb.so.1) echo libx11-xcb1 ;;
        libxcb-*.so.*) echo "$1" | sed 's/\.so\.//' ;;
        libxcb.so.1) echo libxcb1 ;;
        libz.so.1) echo zlib1g ;;
        libatomic.so.1) echo libatomic1 ;;
        libstdc++.so.6) echo libstdc++6 ;;
        *) say "unknown library $1" ;;
    esac
}
qt=$("$venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("PySide6").submodule_search_locations[0])')
missing=$(
    ldd "$qt"/Qt*.abi3.so "$qt"/Qt/lib/libQt6Quick.so.6 "$qt"/Qt/plugins/platforms/libqxcb.so "$qt"/Qt/plugins/platforms/libqoffscreen.so 2>/dev/null |
        sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u
)
wanted=$(for soname in $missing; do package_of "$soname"; done | sort -u | tr '\n' ' ')
command -v fc-list >/dev/null || wanted="$wanted fontconfig"
[ -n "$(fc-list 2>/dev/null | grep -i '/inter' || true)" ] || wanted="$wanted fonts-inter"
# shellcheck disable=SC2086
[ -z "${wanted# }" ] || apt_install $wanted

rm -f "$venv"/installed-*
touch "$stamp"
