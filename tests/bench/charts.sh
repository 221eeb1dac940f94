#!/bin/bash
# charts.sh RAW FOLDER: draw what bench.sh has measured, an SVG for each
# workload. Needs gnuplot.

set -u
export LC_ALL=C
bench=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 2 ] || { echo 'Usage: charts.sh RAW FOLDER' >&2; exit 2; }
command -v gnuplot >/dev/null || {
    echo 'charts.sh: there is no gnuplot (package gnuplot-nox)' >&2
    exit 1
}
raw=$1 folder=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder" || exit
awk -f "$bench/summary.awk" "$raw" >"$work/summary"

# What the charts say at the bottom.
caption() {
    sed -n 's/^# \(machine\|kernel\|date\|versions\|run\): /\1 /p' "$raw" |
        awk '$1 == "machine" { $1 = ""; line = substr($0, 2); next }
             $1 == "kernel" { line = line ", Linux " $2; next }
             $1 == "date" { line = line ", " $2; next }
             $1 == "versions" { $1 = ""; line = line "\\n" substr($0, 2); next }
             { $1 = ""; line = line "; " substr($0, 2) }
             END { print line }'
}

# bars WORKLOAD METRIC [DIVISOR [CASE]]: lines "ROW MEDIAN LOW HIGH NAME", the first
# one on top.
bars() {
    awk -F '\t' -v workload="$1" -v metric="$2" -v divisor="${3:-1}" \
        -v kase="${4-}" '
        $1 == workload && $4 == metric && (kase == "" || $3 == kase) {
            printf "%d %g %g %g \"%s\"\n", -(++row), $5 / divisor, $6 / divisor,
                $7 / divisor, $2
        }' "$work/summary"
}

# lines WORKLOAD METRIC DIVISOR: "CASE MEDIAN LOW HIGH" by subject, with its name
# above and two empty lines between, as gnuplot wants it.
lines() {
    awk -F '\t' -v workload="$1" -v metric="$2" -v divisor="$3" '
        $1 == workload && $4 == metric {
            if (!($2 in text))
                name[++names] = $2
            text[$2] = text[$2] sprintf("%d %g %g %g\n", $3, $5 / divisor,
                                        $6 / divisor, $7 / divisor)
        }
        END {
            for (i = 1; i <= names; i++)
                printf "%s\"%s\"\n%s", (i > 1 ? "\n\n" : ""), name[i], text[name[i]]
        }' "$work/summary"
}

# draw NAME KIND TITLE [LEFT_LABEL RIGHT_LABEL [BASE]]: draw NAME.svg by
# chart_KIND.gp, which says what the others are.
draw() {
    local rows height=420
    rows=$(wc -l <"$work/left")
    [ "$2" != bars ] || height=$((170 + 24 * rows))
    gnuplot -e "work = '$work'; rows = $rows; height = $height" \
        -e "caption = \"$(caption)\"; title = '$3'" \
        -e "left_label = '${4-}'; right_label = '${5-}'; base = ${6:-0}" \
        -e "load '$bench/chart_style.gp'; set output '$folder/$1.svg'" \
        "$bench/chart_$2.gp" || exit
    echo "$folder/$1.svg"
}

has() {
    grep -q "^$1	" "$work/summary"
}

if has connect; then
    bars connect rate 1000 >"$work/left"
    bars connect cpu_us >"$work/right"
    draw connect bars 'Connect, one line, close' 'thousand connections a second' \
        'CPU time of the server for each (µs)'
fi
if has small; then
    bars small rate 1000 >"$work/left"
    bars small cpu_us | grep -v python3 >"$work/right" # it would dwarf all others
    draw small bars 'A file of 4 KiB, a new connection for each' \
        'thousand requests a second' 'CPU time for each (µs), without python3'
fi
if has kept; then
    bars kept rate 1000 >"$work/left"
    bars kept cpu_us >"$work/right"
    draw kept bars 'A file of 4 KiB, on connections that stay' \
        'thousand requests a second' 'CPU time for each (µs)'
fi
if has methods; then
    bars methods gb_per_s >"$work/left"
    bars methods server_s_per_gb >"$work/right"
    draw methods bars 'A large file: how it is sent, how it is received' \
        'GB a second' 'CPU time of the server (s for each GB)'
fi
if has many; then
    lines many rate 1 >"$work/left"
    lines many p99_ms 1 >"$work/middle"
    lines many pss_kib 1024 >"$work/right"
    draw many lines 'Connected clients, of which 10 at most make requests'
fi
if has handover; then
    bars handover ns 1000 1 >"$work/left"
    bars handover ns 1000 2 >"$work/right"
    draw handover bars 'To hand over one item' 'on one core (µs)' 'on two cores (µs)' \
        0.1
fi
