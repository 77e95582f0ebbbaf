#!/usr/bin/env bash
# Makes docs/tour.md and its pictures from a tour that is run here, in about ten minutes on two cores; a folder
# of a finished tour as argument is used instead. TUI names another program than that of the workspace.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra tui <<< "${TUI:-cargo run -q -p tui --}"
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
"${tui[@]}" tour --headless --run-dir "$folder"

rm -rf docs/tour
mkdir docs/tour
cp "$folder"/page/[0-9][0-9]-*.svg docs/tour/
# The pictures of the screens are enough.
rm docs/tour/*-[0-9].svg
# The numbers depend on the machine's kernels by rounding, the times on its speed.
sed -e '/^Figures: /,+1d' -e '/^Its runs: /,+1d' -e 's#](\([0-9][0-9]-[a-z-]*\.svg\))#](tour/\1)#' "$folder/page/tour.md" > docs/tour.md
