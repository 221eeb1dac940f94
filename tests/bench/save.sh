#!/bin/bash
# save.sh RAW NOTES: put what bench.sh has measured into the notes: the data as
# measured.txt, the tables into measured.md between its two marks, the charts into
# img.

set -u
export LC_ALL=C
bench=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo 'Usage: save.sh RAW NOTES' >&2; exit 2; }
raw=$1 notes=$2
begin='<!-- tables: begin -->'
end='<!-- tables: end -->'

for mark in "$begin" "$end"; do
    grep -qxF -e "$mark" "$notes/measured.md" || {
        echo "save.sh: $notes/measured.md lacks $mark" >&2
        exit 1
    }
done
[ "$raw" -ef "$notes/measured.txt" ] || cp "$raw" "$notes/measured.txt" || exit
chmod 644 "$notes/measured.txt"
new=$(
    sed "/^$begin\$/q" "$notes/measured.md"
    echo '```text'
    "$bench/tables.sh" "$notes/measured.txt"
    echo '```'
    sed -n "/^$end\$/,\$p" "$notes/measured.md"
) || exit
printf '%s\n' "$new" >"$notes/measured.md" || exit
"$bench/charts.sh" "$notes/measured.txt" "$notes/img"
