#!/usr/bin/env bats
# ladder.bats: the rule of the ladder. A stage only adds: what it need not change
# is the same as in the stage before, byte for byte, and every folder stands for
# itself. So `make diff3` shows one idea and nothing else.

bats_require_minimum_version 1.5.0

# rung N: set $changed to the files that stage N changes, $gone to those that it
# drops. All others are as they were, or new.
rung() {
    case $1 in
    2)
        changed="Makefile options.c server.c"
        gone=""
        ;;
    3)
        changed="Makefile cli.c cli.h client.c io.c io.h log.c log.h net.c net.h options.c
            options.h server.c service.c"
        gone="handover.c"
        ;;
    4)
        changed="Makefile client.c options.c receiver.c receiver.h sender.c
            sender.h"
        gone=""
        ;;
    5)
        changed="Makefile clock.c clock.h options.c options.h pool.c pool.h server.c service.c
            service.h
            worker.c worker.h"
        gone=""
        ;;
    6)
        changed="Makefile options.c options.h pool.c pool.h pool_exit.h service.c"
        gone="fdpass.c fdpass.h retry_timer.c retry_timer.h worker.c worker.h"
        ;;
    *)
        fail "ladder.bats does not know what stage $1 changes"
        ;;
    esac
    changed+=" tour.gdb" # goes through what is new
}

setup() {
    bats_load_library bats-support
    bats_load_library bats-assert
    bats_load_library bats-file
    cd "$BATS_TEST_DIRNAME/.." || return
    unset MAKEFLAGS MAKELEVEL MFLAGS
    stages=(stage[1-9]_*/)
    stages=("${stages[@]%/}")
}

# sources FOLDER: print the names of all files in it that were not built, sorted.
sources() {
    (cd "$1" && find . -name build -prune -o -type f -exec grep -Il '' {} + |
        sed 's,^\./,,' | sort)
}

# ladder_sources FOLDER: the same without the servers beside the ladder, each in a
# folder of its own, which the next stage does not build upon.
ladder_sources() {
    sources "$1" | grep -v /
}

# words TEXT: print its words, one a line, sorted.
words() {
    grep -o '[^[:space:]]*' <<<"$1" | sort
}

@test "there are stages, numbered from 1 without a gap" {
    local i
    [ ${#stages[@]} -ge 6 ]
    for i in "${!stages[@]}"; do
        assert_regex "${stages[i]}" "^stage$((i + 1))_"
    done
}

@test "a stage changes only the files on its list" {
    local i old new name is_changed changed gone
    for ((i = 1; i < ${#stages[@]}; i++)); do
        old=${stages[i - 1]} new=${stages[i]}
        rung $((i + 1))
        is_changed=$(
            comm -12 <(ladder_sources "$old") <(ladder_sources "$new") |
                while read -r name; do
                    cmp -s "$old/$name" "$new/$name" || echo "$name"
                done
        )
        for name in $is_changed; do
            [[ " ${changed//$'\n'/ } " == *" $name "* ]] || fail \
                "$new/$name differs from $old/$name.
If something is mended there, mend it in every stage that has the file. If this
stage has to change it, put it on the list at the top of ladder.bats."
        done
        for name in $changed; do
            [[ $name == tour.gdb || $'\n'$is_changed$'\n' == *$'\n'$name$'\n'* ]] ||
                fail "$new/$name is not changed, take it off the list"
        done
    done
}

@test "a stage drops only the files on its list" {
    local i changed gone
    for ((i = 1; i < ${#stages[@]}; i++)); do
        rung $((i + 1))
        assert_equal "stage $((i + 1)) drops: $(
            comm -23 <(ladder_sources "${stages[i - 1]}") \
                <(ladder_sources "${stages[i]}")
        )" "stage $((i + 1)) drops: $(words "$gone")"
    done
}

@test "the server does not care whether its pool is of processes or threads" {
    cmp stage5_exit/server.c stage6_threadpool/server.c
}

# stands_in FILE PATTERN WHAT: the file has such a line.
stands_in() {
    grep -Eqs "$2" "$1" || fail "$3 is missing: add it to $1"
}

@test "each stage stands in every list and has all that a stage has" {
    local stage number
    for stage in "${stages[@]}"; do
        number=${stage:5:1}
        stands_in tests/programs.txt "^ +$number +$stage +server +[a-z]" \
            "the row of $stage/server"
        stands_in README.md "^\| \`$stage\` \|" "the row of $stage"
        stands_in notes/README.md "\]\($number-[a-z]+\.md\) \| \`$stage\`" \
            "the row of $stage"
        stands_in notes/measured.md "$stage" "what $stage costs"
        stands_in tests/bench/servers.txt "^ +[a-z]+ +$stage/server " \
            "the row of $stage/server"
        stands_in "$stage/tour.gdb" '^stop_here ' "the tour of $stage"
        assert [ -e "$(echo "notes/$number"-*.md)" ]
    done
}

@test "each server beside the ladder stands in every list" {
    local folder stage program
    for folder in stage[1-9]_*/*/sources.mk; do
        folder=${folder%/sources.mk} stage=${folder%/*}
        program=server_${folder##*/}
        stands_in "$folder/sources.mk" "^PROGRAMS \+= $program\$" \
            "the program $program"
        stands_in tests/programs.txt \
            "^ +${stage:5:1} +$stage +$program +[a-z]" "the row of $program"
        stands_in README.md "\`$program\`" "a word on $program"
        stands_in notes/README.md "\]\($program\.md\) \| \`$stage/$program\`" \
            "the row of $program"
        stands_in tests/learner/demo.sh "\*/$program\)" "what $program shows"
        assert_exists "notes/$program.md"
    done
}

# What a server beside the ladder needs before the ladder does.
@test "a file that a server beside the ladder has early is that of later stages" {
    cmp stage2_fdpass/cgi/log.c stage3_protocol/log.c
    cmp stage2_fdpass/cgi/text.c stage3_protocol/text.c
    cmp stage2_fdpass/cgi/text.h stage3_protocol/text.h
    cmp stage2_fdpass/notify/signal_pipe.c stage5_exit/signal_pipe.c
    cmp stage2_fdpass/notify/signal_pipe.h stage5_exit/signal_pipe.h
}

@test "no file says in which stage it is" {
    local stage
    for stage in "${stages[@]}"; do
        cd "$BATS_TEST_DIRNAME/../$stage"
        run xargs grep -niE 'stage[ _-]*[0-9]' < <(sources .)
        assert_output ''
    done
}

@test "make diffN shows what stage N adds" {
    local number name changed gone diff=$BATS_TEST_TMPDIR/diff
    for ((number = 2; number <= ${#stages[@]}; number++)); do
        tests/learner/diff.sh $number >"$diff"
        assert_equal "$(head -n 1 "$diff")" \
            "What ${stages[number - 1]} adds to ${stages[number - 2]}:"
        rung $number
        for name in $changed; do
            [[ $name == *.[ch] ]] || continue
            grep -qE "^  changed +$name " "$diff" &&
                grep -qxF "+++ ${stages[number - 1]}/$name" "$diff" ||
                fail "make diff$number does not show $name"
        done
    done
}

# builds_alone COMPILER FLAGS: every stage, in an empty folder, with not one
# warning; and make clean leaves only what was there before.
builds_alone() {
    local stage folder before
    command -v "$1" >/dev/null || skip "there is no $1 here"
    for stage in "${stages[@]}"; do
        folder=$BATS_TEST_TMPDIR/$stage
        mkdir "$folder"
        (cd "$stage" && sources . | xargs cp --parents -t "$folder")
        before=$(find "$folder" | sort)
        cd "$folder" || return
        run make -s CC="$1" CFLAGS="$2 -Werror"
        assert_success
        assert_output ''
        ./server --help >help
        ./client --help >>help
        [ "$(grep -c '^Usage: ' help)" -eq 2 ]
        rm help
        make -s clean
        run diff <(echo "$before") <(find "$folder" | sort)
        assert_output ''
        cd "$BATS_TEST_DIRNAME/.." || return
    done
}

@test "every stage builds on its own with gcc and leaves nothing after clean" {
    builds_alone gcc -Og # some warnings come with optimization only
}

@test "every stage builds on its own with clang and leaves nothing after clean" {
    builds_alone clang -O0
}

# twins PROGRAM: print the names that several of its functions have.
twins() {
    nm --defined-only --format=posix "$1" |
        awk '$2 ~ /^[Tt]$/ && $1 !~ /^_|^io_uring_|register_tm_clones$/ { print $1 }' |
        sort | uniq -d
}

@test "no two functions of a program share a name: a breakpoint is one place" {
    local copy=$BATS_TEST_TMPDIR/copy stage program
    mkdir "$copy"
    find "${stages[@]}" -name build -prune -o \( -name '*.[chm]*' -o -name Makefile \) \
        -exec cp --parents -t "$copy" {} +
    for stage in "${stages[@]}"; do
        make -s -C "$copy/$stage" CFLAGS=-O0 # nothing is inlined
        for program in "$copy/$stage"/{client,server,server_*}; do
            [ ! -x "$program" ] ||
                assert_equal "${program#"$copy/"}: $(twins "$program")" \
                    "${program#"$copy/"}: "
        done
    done
}

@test "a stage needs no file outside its folder" {
    run find "${stages[@]}" -type l
    assert_output ''
    run grep -rnIF --include='*.[ch]' --include='*.mk' --include=Makefile ../ \
        "${stages[@]}"
    assert_output ''
}

@test "every C file begins with its name and what it is about" {
    run awk '
        FNR == 1 {
            name = FILENAME
            sub(/.*\//, "", name)
            if (index($0, "/* " name ": ") != 1)
                print FILENAME ": expected a comment /* " name ": ..."
        }
        ' stage*/*.c stage*/*/*.c tests/*/*.c
    assert_output ''
}

@test "no function is longer than 60 lines, no file longer than 300" {
    run awk '
        FNR == 301 { print FILENAME " is longer than 300 lines" }
        /^[{]/ { begin = FNR; name = before }
        /^[}]$/ && FNR - begin >= 60 {
            print FILENAME ": " name " has " FNR - begin + 1 " lines"
        }
        { before = $0 }
        ' stage*/*.[ch] stage*/*/*.[ch] tests/*/*.[ch]
    assert_output ''
}

@test "time is taken from the clock that nobody sets [fault 111]" {
    run grep -nE '\<(gettimeofday|ftime|time) *\(|CLOCK_REALTIME' stage*/*.[ch] stage*/*/*.[ch]
    assert_output ''
}

# Print what the rows of faults.md name: suite: in one line, then "a test" in one
# line each.
tests_of_faults() {
    sed -n 's/^| [0-9]* |.* | \(.*\) |$/\1/p' tests/faults.md |
        grep -oE '[a-z]+:|"[^"]*"'
}

@test "the tests that faults.md names are there" {
    local word suite='' name count=0
    while read -r word; do
        case $word in
        *:) suite=tests/${word%:}.bats ;;
        *)
            count=$((count + 1)) name=${word//\"/}
            grep -qF -e "@test \"$name\" {" -e "@test \"$name [" "$suite" ||
                fail "$suite has no test '$name', which is in tests/faults.md"
            ;;
        esac
    done < <(tests_of_faults)
    assert [ $count -gt 100 ] # else they were not found at all
}

@test "each fault has one row in faults.md, in order" {
    local rows
    rows=$(grep -oE '^\| [0-9]+ \|' tests/faults.md)
    assert_equal "$rows" "$(sort -u -k 2n <<<"$rows")"
}

@test "git keeps no file that is built" {
    local file
    git rev-parse --is-inside-work-tree >/dev/null 2>&1 ||
        skip "this is no checkout of git"
    run git ls-files --cached --ignored --exclude-standard
    assert_output ''
    while read -r file; do
        [ -s "$file" ] || continue # empty, or removed just now
        grep -qI '' "$file" || [[ $file == @(*.png|*.gif|tests/fuzz/corpus/*) ]] ||
            fail "$file is not a text"
    done < <(git ls-files)
}
