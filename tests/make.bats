#!/usr/bin/env bats
# make.bats: the frame of the project: the Makefile at the top and the scripts
# that it calls. Works on a copy, so that nothing that is in use is disturbed.

bats_require_minimum_version 1.5.0

setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    local root built=$BATS_FILE_TMPDIR/built
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    mkdir -p "$built/tests"
    cp "$root/Makefile" "$root/.gitignore" "$built"
    cp -r "$root"/tests/*.sh "$root/tests/learner" "$root/tests/maintainer" \
        "$root/tests/bugs" "$root/tests/workshop" "$built/tests"
    printf 'clean:\n' >"$built/tests/Makefile"
    cd "$root" || return
    find stage[1-9]_*/ -name build -prune -o -type f \( -name '*.[ch]' -o \
        -name Makefile -o -name '*.mk' -o -path '*/cgi-bin/*' \) -print0 |
        xargs -0 cp --parents -t "$built"
    cd "$built" || return
    find . -type f | sort >"$BATS_FILE_TMPDIR/sources"
    make -s -j2
}

setup() {
    bats_load_library bats-support
    bats_load_library bats-assert
    unset MAKEFLAGS MAKELEVEL MFLAGS
    copy=$BATS_TEST_TMPDIR/copy
    cp -a "$BATS_FILE_TMPDIR/built" "$copy"
    cd "$copy" || return
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
}

# A stage that is not there yet.
empty_stage() {
    mkdir "$1"
    printf 'all:\n\ttouch server client\nclean:\n\trm -f server client\n' \
        >"$1/Makefile"
}

# Every process whose program lies in the copy.
processes_of_copy() {
    find /proc -maxdepth 2 -name exe -lname "$copy/*" 2>/dev/null
}

# Every target that make knows, numbers written N, patterns and files left out.
targets() {
    make --print-data-base --question --no-builtin-rules help 2>/dev/null |
        sed -n '/^# Files/,$p' |
        awk '/^# Not a target/ { getline; next } /^[a-z-]+[0-9]*:/' |
        sed -E 's/:.*//; s/[0-9]+$/N/' | sort -u
}

@test "make help lists every target and no other" {
    run make help
    assert_success
    assert_equal "$(awk '{ print $2 }' <<<"$output" | sort)" "$(targets)"
    run awk 'length > 80' <<<"$output"
    assert_output ""
}

@test "plain make builds every stage and make clean removes all that was built" {
    local folder
    for folder in stage*/; do
        assert [ -x "$folder/server" ]
        assert [ -x "$folder/client" ]
    done
    run make clean
    assert_success
    assert_equal "$(find . -type f | sort)" "$(cat "$BATS_FILE_TMPDIR/sources")"
}

@test "what make builds is ignored by git, and no source is" {
    command -v git >/dev/null || skip "git is not here"
    git init -q .
    git add .
    assert_equal "$(git ls-files | sed 's|^|./|' | sort)" \
        "$(cat "$BATS_FILE_TMPDIR/sources")"
    assert_equal "$(git ls-files --others --exclude-standard)" ""
}

@test "a stage that does not build makes make fail" {
    echo 'no C' >>stage1_fork/service.c
    run ! make
    run ! make stage1
}

@test "make stage1 builds it and prints a command for each of two terminals" {
    run make stage1
    assert_success
    assert_equal "${lines[-3]}" "Try next, in two terminals:"
    assert_equal "${lines[-2]}" "    stage1_fork/server"
    assert_equal "${lines[-1]}" "    stage1_fork/client"
    assert [ -x stage1_fork/server ]
}

@test "a number without a stage is a clear error" {
    local target
    for target in stage0 demo0 test0 diff0 gdb0; do
        run --separate-stderr make "$target"
        assert_failure 2
        assert_equal "$output" ""
        # shellcheck disable=SC2154 # Bats sets stderr and its lines
        assert_equal "${#stderr_lines[@]}" 1
        # shellcheck disable=SC2154
        [[ $stderr == *"there is no stage for '$target'"* ]]
    done
    run tests/learner/demo.sh 0
    assert_failure 2
    run tests/learner/diff.sh 0
    assert_failure 2
}

@test "a new folder is a stage at once" {
    empty_stage stage9_new
    run make stage9
    assert_success
    assert_line "    stage9_new/server"
    run make
    assert_success
    run make -n demo9
    assert_success
}

@test "make diffN mentions every file, whole new files before changed ones" {
    local folder number name
    for folder in stage[2-9]_*; do
        number=${folder:5:1}
        make "diff$number" >change.diff
        run sed '/^$/q' change.diff # the list of files
        for name in "$folder"/*.[ch] "$folder/Makefile"; do
            assert_line --regexp "^  (new|changed|same)  *${name##*/}( |$)"
        done
        assert_line --regexp '^  (new|changed) '
        assert_equal "$(grep -n '^  new\|^  changed\|^  gone\|^  same' \
            <<<"$output" | sort -n | sed 's/^[0-9]*:  //; s/ .*//' | uniq |
            sed 's/new/1/; s/changed/2/; s/gone/3/; s/same/4/' | sort -c 2>&1)" ""
    done
}

@test "make diffN is a patch: it makes each stage of the one before" {
    command -v patch >/dev/null || skip "patch is not here"
    local folder number old name
    for folder in stage[2-9]_*; do
        number=${folder:5:1}
        old=$(echo stage$((number - 1))_*)
        cp -r "$old" patched
        make -s "diff$number" >change.diff
        patch -s -d patched -p1 <change.diff
        for name in "$folder"/*.[ch] "$folder/Makefile"; do
            cmp "$name" "patched/${name##*/}"
        done
        rm -r patched
    done
}

@test "make diffN does not look at what was built" {
    echo 'a learner wrote this' >stage2_fdpass/notes.txt
    run make -s diff2
    refute_output --partial notes.txt
    refute_line --regexp '^  (new|changed) +build|^[+-]{3} .*/build/'
    refute_output --partial Binary
}

@test "make diffN is coloured on a terminal only, and not with NO_COLOR" {
    run make -s diff2
    refute_output --partial $'\e'
    export PAGER=cat TERM=xterm
    unset NO_COLOR
    run script --quiet --return --command 'make -s diff2' /dev/null
    assert_success
    assert_output --partial $'\e[32m'
    NO_COLOR=1 run script --quiet --return --command 'make -s diff2' /dev/null
    assert_success
    refute_output --partial $'\e'
}

@test "make diff1 says that nothing comes before the first stage" {
    run tests/learner/diff.sh 1
    assert_failure 2
    assert_output --partial "stage 1 is the first"
}

@test "make demo1 prints a line for each program that says ok and leaves nothing behind" {
    run make -s demo1
    assert_success
    assert_equal "${#lines[@]}" 2
    assert_line --regexp '^stage1_fork +ok +20 clients .* [0-9.]+ s$'
    assert_line --regexp '^  server_thread +ok +20 clients .* [0-9.]+ s$'
    assert_equal "$(processes_of_copy)" ""
    assert_equal "$(ls -A "$TMPDIR")" ""
}

@test "make demo prints a line for each stage and each other server" {
    run make -s demo
    assert_success
    assert_equal "$(awk '{ print $1, $2 }' <<<"$output" | sort)" \
        "$({
            printf '%s ok\n' stage*_*
            printf '%s\n' stage*_*/*/sources.mk |
                sed 's,.*/\(.*\)/sources.mk,server_\1 ok,'
        } | sort)"
    assert_equal "$(processes_of_copy)" ""
    assert_equal "$(ls -A "$TMPDIR")" ""
}

@test "a demo that fails shows what the server said and goes on" {
    rm -r stage[3-9]*
    cat >stage1_fork/Makefile <<'EOF'
all:
	printf '#!/bin/sh\necho out of order >&2\n' >server
	chmod +x server
EOF
    run make -s demo
    assert_failure
    assert_line --regexp '^stage1_fork +FAIL '
    assert_line "    out of order"
    assert_line --regexp '^stage2_fdpass +ok '
    assert_equal "$(processes_of_copy)" ""
    assert_equal "$(ls -A "$TMPDIR")" ""
}

@test "a demo whose client hangs gives up and leaves nothing behind" {
    sed -i 's/^patience=[0-9]*/patience=1/' tests/learner/demo.sh
    cat >>stage1_fork/Makefile <<'EOF'
all: hang
hang: client
	printf '#!/bin/sh\nexec tail -f /dev/null\n' >client
EOF
    run make -s demo1
    assert_failure
    assert_output --partial "an answer did not come"
    assert_equal "$(processes_of_copy)" ""
    assert_equal "$(ls -A "$TMPDIR")" ""
}

# A checkout of the copy, with all of it committed.
make_checkout() {
    command -v git >/dev/null || skip "git is not here"
    git init -q .
    git add .
    git -c user.name=A -c user.email=a@example.org commit -q -m 'All of it'
}

@test "make spread carries a changed file to every stage that shares it" {
    local stage
    make_checkout
    echo '/* better */' >>stage3_protocol/listener.c
    run make -s spread FILE=listener.c
    assert_success
    for stage in stage[12456]_*; do
        cmp stage3_protocol/listener.c "$stage/listener.c"
        assert_line "$stage/listener.c: as stage3_protocol/listener.c now"
    done
    git commit -qam 'Better' --author 'A <a@example.org>' 2>/dev/null ||
        git -c user.name=A -c user.email=a@example.org commit -qam 'Better'
    run make -s spread FILE=listener.c
    assert_success
    assert_output --partial 'nothing to carry'
}

@test "make spread leaves other versions of a file alone, and names them" {
    make_checkout
    echo '/* better */' >>stage1_fork/service.c
    run make -s spread FILE=service.c
    assert_success
    cmp stage1_fork/service.c stage2_fdpass/service.c
    assert_line --partial 'stage3_protocol/service.c is another version'
    assert_equal "$(git status --short | wc -l)" 2
    eval "$(grep -A 1 '^stage3' <<<"$output" | tail -n 1)"
    assert_equal "$(git diff stage3_protocol | grep '^[+-]' | tail -n +3)" \
        '+/* better */'
}

@test "make spread refuses when two copies were changed differently" {
    make_checkout
    echo '/* one */' >>stage1_fork/listener.c
    echo '/* another */' >>stage5_exit/listener.c
    run make -s spread FILE=listener.c
    assert_failure
    assert_line --partial \
        'stage5_exit/listener.c and stage1_fork/listener.c were changed differently'
    assert_equal "$(git status --short | wc -l)" 2
}

@test "make spread names what is wrong with its file" {
    make_checkout
    run make -s spread
    assert_failure
    assert_line --partial 'expected the name of one file'
    run make -s spread FILE=nosuch.c
    assert_failure
    assert_line --partial 'no nosuch.c in any stage'
    rm stage2_fdpass/listener.c
    run make -s spread FILE=listener.c
    assert_failure
    assert_line --partial 'stage2_fdpass/listener.c is gone'
}

@test "make doctor finds the compiler and says what each tool is for" {
    run make doctor
    assert_success
    assert_line --regexp '^  cc +[0-9.]+ +the C compiler$'
    assert_line --regexp '^  bats +[0-9.]+ +runs the tests$'
}

# A PATH with nothing but the tools named.
only() {
    local tool
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    for tool in bash "$@"; do
        ln -sf "$(command -v "$tool")" "$BATS_TEST_TMPDIR/bin"
    done
}

@test "make doctor names a missing tool, its package and how to get it" {
    only cc make ps
    PATH=$BATS_TEST_TMPDIR/bin run tests/learner/doctor.sh
    assert_success
    assert_line --regexp '^  pgrep +missing .*\(package procps\)$'
    assert_line --regexp '^  valgrind +missing .*\(package valgrind\)$'
    assert_line --regexp '^  sudo apt-get install -y .*procps .*valgrind'
    PATH=$BATS_TEST_TMPDIR/bin run tests/learner/doctor.sh --packages
    assert_success
    assert_equal "${#lines[@]}" 1
    assert_output --regexp '(^| )valgrind( |$)'
}

@test "make doctor fails where the stages cannot be built" {
    only make
    PATH=$BATS_TEST_TMPDIR/bin run tests/learner/doctor.sh
    assert_failure 1
    assert_line --regexp '^  cc +missing .*\(package gcc\)$'
    rm "$BATS_TEST_TMPDIR/bin/make"
    only cc
    PATH=$BATS_TEST_TMPDIR/bin run tests/learner/doctor.sh
    assert_failure 1
    assert_line --regexp '^  make +missing .*\(package make\)$'
}
