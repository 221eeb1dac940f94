# museum.bash: finding the specimens of the museum, and leaving copies for the
# learner. Sourced by bugs.sh, hunt.sh and learn.sh, after lib.bash.

# shellcheck shell=bash disable=SC2034,SC2154 # lib.bash and the scripts

# specimens: print the files.
specimens() {
    find "$tests/bugs" -maxdepth 1 -name '[0-9]*-*.patch' | sort -V
}

# specimen N: print the file that has this number.
specimen() {
    local file number
    [[ $1 =~ ^[0-9]+$ ]] || die "a bug has a number, and '$1' is none (make bugs)"
    for file in $(specimens); do
        number=${file##*/}
        number=${number%%-*}
        ((10#$number != 10#$1)) || { echo "$file" && return; }
    done
    die "there is no bug $1 (make bugs lists them)"
}

# need_for_building: say what is missing, before make does in its own way.
need_for_building() {
    command -v patch >/dev/null || die "patch is not here (apt-get install patch)"
    command -v "${CC:-cc}" >/dev/null || die "no C compiler is here (see make doctor)"
}

# same_sources A B
same_sources() {
    diff -rq -x build -x server -x client -x handover -x 'server_*' "$1" "$2" \
        >/dev/null
}

# keep_aside FOLDER: whatever is there becomes FOLDER.1 or the next number that
# is free; sets REPLY to its new name, '' if there was nothing.
keep_aside() {
    local i=1
    REPLY=''
    [ -e "$1" ] || return 0
    while [ -e "$1.$i" ]; do
        i=$((i + 1))
    done
    mv -T "$1" "$1.$i" || die "cannot keep $1 aside"
    REPLY=$1.$i
}

# leave_in_mine COPY NAME: the copy becomes mine/NAME; what was there before is
# kept, unless it is the same.
leave_in_mine() {
    mkdir -p "$mine" || exit
    if [ -e "$mine/$2" ] && ! same_sources "$1" "$mine/$2"; then
        keep_aside "$mine/$2"
        echo "(what was in mine/$2 is now in ${REPLY#"$root"/})"
    fi
    rm -rf "${mine:?}/$2"
    cp -a "$1" "$mine/$2" || exit
}
