#!/bin/sh
# Installs the system libraries the Qt window needs on Debian, even offscreen; says what is missing where it may not.
# Further packages can be named; --soak stands for those of the long tests.
set -eu

wanted="$*"
if [ "$wanted" = "--soak" ]; then # a real Secret Service, browser, screen reader's bus and systemd, for the long tests
    wanted="gnome-keyring libsecret-1-0 dbus dbus-daemon chromium chromium-driver at-spi2-core openbox
systemd"
fi

needed="libegl1 libgl1 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4
libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 fonts-dejavu-core xvfb $wanted"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "Not a Debian system: make sure that Qt's libraries are installed (EGL, GL, xkbcommon, xcb-cursor, fontconfig)."
    exit 0
fi

missing=""
for package in $needed; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These system packages are missing; install them and try again:"
    echo "  sudo apt-get install$missing"
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
