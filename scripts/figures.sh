#!/usr/bin/env bash
# Makes the figures of docs/figures.md from a real run, in about a minute on two cores. TUI names
# another program than that of the workspace.
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra tui <<< "${TUI:-cargo run -q -p tui --}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run="$folder/phrasebook"

"${tui[@]}" --headless --max-steps 1200 --run-dir "$run" \
    --set validate_every_epochs=0.2 --set flow_every=50 > "$folder/log"
"${tui[@]}" export "$run" --plots docs/figures --overwrite

# One map is enough, and names without a step stay the same.
cd docs/figures
rm -f attention_[2-9]* attention_1?_*
for file in attention_1_step_* gradient_flow_step_*; do
    mv "$file" "$(sed -E 's/(_1)?_step_[0-9]+//' <<< "$file")"
done
