# lib.bash: what the scripts of the workshop have in common: the fields of a
# file, copies of a stage, tests that judge a copy, clean-up. Sourced by them.
#
# A file of the workshop (a specimen, a mutant, an exercise) begins with fields:
#
#     Name: text, which may go on in lines
#         that begin with four blanks
#
# They end where a diff (`--- a/`) or a section (`## `) begins.

# shellcheck shell=bash disable=SC2034 # the scripts read what is set here

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=$(dirname "$tests")
mine=$root/mine
TIMEOUT_SCALE=${TIMEOUT_SCALE:-1}
export TIMEOUT_SCALE
unset MAKEFLAGS MAKELEVEL MFLAGS CDPATH
# Bats may have started us: the Bats that we start is not to know.
unset "${!BATS_@}"
export LC_ALL=C.UTF-8

# For the scripts: the name before messages, a folder that goes at the end.
script=$(basename "$0")
work=''   # of this job
shared='' # of all jobs of the script

die() {
    echo "$script: $*" >&2
    exit 2
}

# ---- The fields of a file ----------------------------------------------------

# field NAME FILE: print the text of this field, each time that it is there.
field() {
    awk -v name="$1:" '
    /^(--- |## )/ { exit }
    /^(    |\t)/ { if (inside) { sub(/^(    |\t)/, ""); print }; next }
    /^$/ { if (inside && blank) print; next }
    {
        inside = index($0, name) == 1
        if (!inside)
            next
        sub(/^[^:]*:[ \t]*/, "")
        if ($0 != "")
            print
    }' "$2"
}

# section NAME FILE: print the text below the heading `## NAME`.
section() {
    awk -v heading="## $1" '
    /^```/ { fenced = !fenced }
    /^## / && !fenced { inside = $0 == heading; next }
    inside' "$2" | sed -e '/./,$!d'
}

# code NAME FILE: print what stands between the fences of this section.
code() {
    section "$1" "$2" | awk '/^```/ { inside = !inside; next } inside'
}

# stage_of FILE, program_of FILE: print the folder, the program.
stage_of() {
    local stage
    stage=$(field Stage "$1")
    [ -e "$root/$stage/Makefile" ] || [ -z "$stage" ] ||
        die "${1#"$root"/}: there is no stage '$stage'"
    echo "$stage"
}

program_of() {
    local program
    program=$(field Program "$1")
    echo "${program:-server}"
}

# diff_of FILE: print the diff in it, which a section `## $2` may hold.
diff_of() {
    if [ -n "${2-}" ]; then
        code "$2" "$1"
    else
        sed -n '/^--- /,$p' "$1"
    fi
}

# ---- Copies of a stage -------------------------------------------------------

# begin_work: make the folder $work, which goes at the end with all that runs.
begin_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/poolladder-XXXXXX") || exit
    shared=$work
    export POOLLADDER_WORK=$work
    trap end_work EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# shellcheck disable=SC2317 # the trap calls it
end_work() {
    local pids
    trap '' INT TERM HUP
    mapfile -t pids < <(jobs -p)
    [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
    end_marked "$shared"
    rm -rf "$shared"
}

# end_marked FOLDER: end every process that was started with its files in this
# folder: it carries the name in its environment.
end_marked() {
    local pids round
    for round in 1 2 3; do
        mapfile -t pids < <(grep -lsE "POOLLADDER_(TEST|WORK)=$1" \
            /proc/[0-9]*/environ | cut -d / -f 3)
        [ ${#pids[@]} -gt 0 ] || return 0
        kill -KILL "${pids[@]}" 2>/dev/null || return 0
    done
}

# copy_sources STAGE COPY: what is needed to build it, and no more.
copy_sources() {
    mkdir -p "$2" && (cd "$root/$1" && find . -name build -prune -o -type f \
        \( -name '*.[ch]' -o -name Makefile -o -name '*.mk' -o -name '*.gdb' \
        -o -path '*/cgi-bin/*' \) -print0 |
        xargs -0 cp --parents -t "$2")
}

# healthy STAGE: a built copy of the stage, made once; sets REPLY to its folder.
# The sources are as they are now, whatever was built of them before.
healthy() {
    REPLY=$shared/healthy/$1
    (
        mkdir -p "$shared/healthy"
        exec {lock}>"$shared/healthy/$1.lock"
        flock "$lock"
        [ ! -e "$REPLY.ready" ] || exit 0
        copy_sources "$1" "$REPLY" && make -s -C "$REPLY" -j2 >&2 &&
            touch "$REPLY.ready"
    ) || die "$1 does not build"
}

# copy_of STAGE NAME: a further copy, which only has to be built where it is
# changed; sets REPLY to its folder.
copy_of() {
    healthy "$1"
    rm -rf "${work:?}/$2"
    cp -a "$REPLY" "$work/$2" || exit
    REPLY=$work/$2
}

# apply FILE FOLDER [SECTION]: apply the diff of the file, without any fuzz.
# What patch says is in the array complaints.
apply() {
    local status=0
    mapfile -t complaints < <(
        diff_of "$1" "${3-}" |
            patch -p1 -F0 --no-backup-if-mismatch -r - -d "$2" 2>&1
        echo "${PIPESTATUS[1]}"
    )
    status=${complaints[-1]}
    unset 'complaints[-1]'
    # A diff that has moved still fits: it is not fuzz.
    [ "$status" -eq 0 ] && [[ "${complaints[*]-}" != *fuzz* ]]
}

# build FOLDER [ARGUMENT OF MAKE]...: build it; what the compiler says is in
# $work/build.log.
build() {
    timeout 120 make -s -j2 -C "$@" >"$work/build.log" 2>&1
}

# ---- Tests -------------------------------------------------------------------

# read_tests FILE: fill the arrays suites and names with what its fields `Tests`
# name, each written as  suite: "name, or a part of it".
read_tests() {
    local line
    suites=() names=()
    while IFS= read -r line; do
        [[ $line =~ ^([a-z_]+):\ \"([^\"]*)\"$ ]] ||
            die "${1##*/}: Tests: expected  suite: \"name\"  and not  $line"
        suites+=("${BASH_REMATCH[1]}")
        names+=("${BASH_REMATCH[2]}")
    done < <(field Tests "$1")
}

# as_regex TEXT: print a regular expression that matches this text alone.
as_regex() {
    # shellcheck disable=SC2001 # no substitution of the shell can do this
    sed 's/[][\.*^$+?(){}|]/\\&/g' <<<"$1"
}

# bats_run FOLDER PROGRAM FILE REGEX SECONDS [SCRATCH]: run these tests of a file;
# TAP goes to standard output. Status 124 or 137 if they take longer than that.
# end_marked SCRATCH ends it before.
bats_run() {
    local status=0 scratch=${6-}
    make -s -C "$tests" >&2 || return
    [ -n "$scratch" ] || scratch=$(mktemp -d "$work/bats-XXXXXX") || return
    STAGE_DIR=$1 SERVER=$2 TMPDIR=$scratch POOLLADDER_TEST=$scratch \
        timeout --kill-after=2 "$5" bats --tap -f "$4" "$3" \
        </dev/null 2>&1 3>&- || status=$?
    end_marked "$scratch"
    rm -rf "$scratch"
    return $status
}

# ---- Words on a terminal -----------------------------------------------------

# look_at_terminal: set the array-like colours and $width.
look_at_terminal() {
    bold='' green='' red='' dim='' plain='' width=80
    local size=''
    if [ -t 1 ]; then
        size=$(stty size <&1 2>/dev/null)
        width=${size#* }
    fi
    [[ ${COLUMNS-} != [1-9]* ]] || [ -t 1 ] || width=$COLUMNS
    [[ $width == [1-9]* ]] || width=80
    [ "$width" -le 100 ] || width=100
    if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
        bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
    fi
}

# wrapped [INDENT]: fold standard input to the width of the terminal, with so
# many blanks before each line. Lines that begin with blanks stay as they are.
wrapped() {
    awk -v width="$width" -v indent="${1:-0}" '
    function flush_line() {
        if (line != "")
            print pad line
        line = ""
    }
    BEGIN { pad = sprintf("%" indent "s", "") }
    /^$/ { flush_line(); print ""; next }
    /^[ \t]/ { flush_line(); print pad $0; next }
    {
        for (i = 1; i <= NF; i++) {
            if (line != "" && length(line) + length($i) + 1 > width - indent)
                flush_line()
            line = line (line == "" ? "" : " ") $i
        }
    }
    END { flush_line() }'
}

# beside LEFT RIGHT: print two files beside each other, or below each other where
# there is no room. The headings are $3 and $4.
beside() {
    if [ "$width" -lt 70 ]; then
        printf '%s\n' "$3"
        fold -w $((width - 2)) "$1" | sed 's/^/  /'
        printf '%s\n' "$4"
        fold -w $((width - 2)) "$2" | sed 's/^/  /'
        return
    fi
    local half=$(((width - 3) / 2))
    paste -d $'\x1f' <(echo "$3" && fold -w $half "$1") \
        <(echo "$4" && fold -w $half "$2") |
        awk -F $'\x1f' -v half=$half '{ printf "%-" half "s | %s\n", $1, $2 }'
}

# ---- A program at work -------------------------------------------------------

# stand FOLDER PROGRAM SCRIPT [ANSWERS]: run a few lines of bash beside the program
# (see stand.bash); print what they print, 60 lines at most.
stand() {
    local scratch
    scratch=$(mktemp -d "$work/stand-XXXXXX") || return
    mkfifo "$scratch/tick"
    {
        (
            cd "$1" || exit
            # shellcheck disable=SC2016 # for that bash
            TMP=$scratch POOLLADDER_TEST=$scratch tests=$tests \
                timeout --kill-after=2 $((20 * TIMEOUT_SCALE)) bash -u -c '
                source "$tests/workshop/stand.bash" "$1" "$3"
                source "$2"' show "$2" "$3" "${4:-/dev/null}"
            [ $? -ne 124 ] || echo '(and so on: ended after 20 s)'
        ) </dev/null 2>&1
        end_marked "$scratch"
    } | cat -v | head -n 60
    rm -rf "$scratch"
}
