#!/bin/sh
# Install Chromium and the fonts that the browser tests show, where they are missing. Debian and its relatives only.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="chromium"
if command -v chromium >/dev/null 2>&1 && ! command -v dpkg >/dev/null 2>&1; then
    exit 0  # another system, with a Chromium of its own
fi
for font in fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji; do
    dpkg -s "$font" >/dev/null 2>&1 || missing="$missing $font"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "The browser tests need Chromium and Noto fonts. Install them by hand; apt-get is not here." >&2
    exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
echo "Installing for the browser tests:$missing …"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 -- a list of packages
$as_root apt-get install -qq -y --no-install-recommends $missing >/dev/null
