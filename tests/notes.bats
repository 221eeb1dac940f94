#!/usr/bin/env bats
# notes.bats: is what the notes say true? notes.sh does what they say to do.

# shellcheck disable=SC2016 # the notes are full of backquotes and dollars

load helpers

setup() {
    notes=$(dirname "$TESTS_DIR")/notes
    export NOTES_PATIENCE=$((20 * TIMEOUT_SCALE))
}

# try_note FILE: do what it says; sets status and output.
try_note() {
    run "$TESTS_DIR/learner/notes.sh" "$1" 3>&-
    [ "$status" -ne 77 ] || skip "$output"
}

note_works() {
    try_note "$notes/$1"
    assert_success
}

# All that is text in a note: what is in no block of code.
text_of() {
    awk '/^```/ { inside = !inside; next } !inside' "$1"
}

# The folder of the stage that a note is about: 1-fork.md, or server_thread.md
# about the server beside the ladder of this name, which lies in NAME.
folder_of() {
    local name=${1##*/} program
    if [[ $name == [1-9]-* ]]; then
        echo "$(dirname "$TESTS_DIR")/stage${name%%-*}"_*
    else
        name=${name#server_}
        program=$(compgen -G "$notes/../stage[1-9]_*/${name%.md}/sources.mk") ||
            return
        dirname "$(dirname "$program")"
    fi
}

@test "what 1-fork.md says to type does what it says" {
    note_works 1-fork.md
}

@test "what 2-fdpass.md says to type does what it says" {
    note_works 2-fdpass.md
}

@test "what 3-protocol.md says to type does what it says" {
    note_works 3-protocol.md
}

@test "what 4-zerocopy.md says to type does what it says" {
    note_works 4-zerocopy.md
}

@test "what 5-exit.md says to type does what it says" {
    note_works 5-exit.md
}

@test "what 6-threadpool.md says to type does what it says" {
    note_works 6-threadpool.md
}

@test "what server_thread.md says to type does what it says" {
    note_works server_thread.md
}

@test "what server_notify.md says to type does what it says" {
    note_works server_notify.md
}

@test "what server_cgi.md says to type does what it says" {
    local tool
    for tool in curl git; do
        command -v $tool >/dev/null || skip "$tool is not here"
    done
    note_works server_cgi.md
}

@test "what server_reactor.md says to type does what it says" {
    note_works server_reactor.md
}

@test "what server_proactor.md says to type does what it says" {
    note_works server_proactor.md
}

@test "what make.md says to type does what it says" {
    note_works make.md
}

@test "what measured.md says to type does what it says" {
    note_works measured.md
}

@test "what reliability.md says to type does what it says" {
    note_works reliability.md
}

@test "what the notes' README.md says to type does what it says" {
    note_works README.md
}

@test "every note is tried above and listed in the README" {
    local note name
    for note in "$notes"/*.md; do
        name=$(basename "$note")
        grep -q "^    note_works $name\$" "$BATS_TEST_FILENAME" ||
            explain "notes.bats does not try $name"
        [ "$name" = README.md ] || grep -qF "]($name)" "$notes/README.md" ||
            explain "notes/README.md does not name $name"
    done
}

@test "the note of each stage has the same sections in the same order" {
    local note wanted
    wanted=$(printf '## %s\n' 'The idea' 'A picture' 'Try it' \
        'A walk through the code' 'What can go wrong' 'The gdb tour' \
        'Questions' 'How the professionals do it' 'Exercises')
    for note in "$notes"/[1-9]-*.md; do
        # Some have further sections.
        assert_equal "$note $(grep -xF "$wanted" "$note")" "$note $wanted"
    done
}

# A note server_NAME.md is about a server beside the ladder. It may be shorter than
# that of a stage: neither a tour nor questions. Its sections: what it does
# otherwise than the server of its stage, and when one would want that; a picture;
# try it; the code; what can go wrong; how the professionals do it; exercises.
@test "the note of each server beside the ladder has the same sections" {
    local note wanted
    wanted=$(printf '## %s\n' 'What it does otherwise' 'A picture' 'Try it' \
        'A walk through the code' 'What can go wrong' \
        'How the professionals do it' 'Exercises')
    for note in "$notes"/server_*.md; do
        # Some have further sections.
        assert_equal "$note $(grep -xF "$wanted" "$note")" "$note $wanted"
    done
}

@test "each server beside the ladder has a note, and each such note a server" {
    local program note
    for program in "$notes"/../stage[1-9]_*/*/sources.mk; do
        program=${program%/sources.mk}
        assert_exists "$notes/server_${program##*/}.md"
    done
    for note in "$notes"/server_*.md; do
        folder_of "$note" >/dev/null ||
            explain "${note##*/}: no stage has a program of that name"
    done
}

# has_name FILE NAME: does the file have this function, struct or constant?
has_name() {
    case $1:$2 in
    *.c:*[a-z]*\ * | *.h:*[a-z]*\ *) grep -q "^$2 {" "$1" ;;
    *:*[a-z]*)
        if [[ $1 == *.c ]]; then
            grep -q "^$2(" "$1"
        else
            grep -q "\<$2(" "$1"
        fi
        ;;
    *) grep -qw "$2" "$1" ;;
    esac
}

# Print what a note cites as `file.c`: `name`, each as "file.c name".
citations() {
    text_of "$1" | tr '\n' ' ' | grep -oE '`[a-z_/]+\.[ch]`: `[A-Za-z_ ]+`' |
        tr -d '\`' | sed 's/: / /' | sort -u
}

@test "what the notes cite as file: function is there" {
    local note folder file name count=0
    for note in "$notes"/{[1-9]-,server_}*.md; do
        folder=$(folder_of "$note")
        while read -r file name; do
            count=$((count + 1))
            has_name "$folder/$file" "$name" ||
                explain "${note##*/}: $folder/$file has no '$name'"
        done < <(citations "$note")
    done
    assert [ $count -gt 50 ] # else the citations were not found at all
}

# Print the files that a note names: `file.c`, tests/file.sh, stage1_fork/file.c.
named_files() {
    text_of "$1" | grep -oE '`([a-z]+/)?[a-z_]+\.(c|h|mk|gdb)`' | tr -d '\`' | sort -u
    grep -oE '\<(tests|stage[0-9]_[a-z]+)/([a-z_-]+/)*[a-z_]+\.[a-z]+' "$1" | sort -u
}

@test "the files that the notes name are there" {
    local note file
    cd "$notes/.."
    for note in notes/*.md; do
        while read -r file; do
            case $file in
            tests/* | stage*) [ -e "$file" ] ;;
            *) compgen -G "stage[0-9]_*/$file" >/dev/null ||
                compgen -G "stage[0-9]_*/*/$file" >/dev/null ;;
            esac || explain "$note names $file, which is not there"
        done < <(named_files "$note")
    done
}

@test "the notes cite no line numbers" {
    local note
    for note in "$notes"/*.md; do
        run ! grep -nE '\<lines? [0-9]+|\.(c|h|mk|sh):[0-9]+|#L[0-9]' \
            <(text_of "$note")
    done
}

@test "the links in the notes lead to files that are there" {
    local note link
    for note in "$notes"/*.md; do
        for link in $(text_of "$note" | grep -oE '\]\([^)]*\)' |
            sed 's/^](//; s/)$//; s/#.*//' | grep -v '^http'); do
            [ -e "$notes/$link" ] ||
                explain "${note##*/} links to $link, which is not there"
        done
    done
}

@test "the make targets that the notes name are there" {
    local note target
    for note in "$notes"/*.md; do
        for target in $(text_of "$note" | tr '\n' ' ' |
            grep -oE '`make [a-z]+[0-9]?`' | tr -d '\`' | cut -d' ' -f2 |
            sort -u); do
            make -s -n -C "$notes/.." "$target" >/dev/null ||
                explain "${note##*/} names 'make $target', which is no target"
        done
    done
}

@test "every block of code in the notes is of a known kind and not indented" {
    run ! grep -nE '^[[:blank:]]+```' "$notes"/*.md
    run awk '/^```/ {
        if (!inside && !/^```(console( .*)?|text|mermaid|make|c)$/)
            print FILENAME ": " $0
        inside = !inside
    }' "$notes"/*.md
    assert_output ""
}

@test "each trap is explained in a note" {
    local number
    for number in {1..50}; do
        grep -Eq "\(trap $number( of stage [0-9])?\)" \
            "$notes"/{[1-9]-,server_}*.md ||
            explain "no note has '(trap $number)'"
    done
}

# ---- Can the tests of the notes fail? --------------------------------------

# note LINE...: write a note with these lines and try it.
note() {
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/note.md"
    export NOTES_PATIENCE=$((2 * TIMEOUT_SCALE))
    try_note "$BATS_TEST_TMPDIR/note.md"
}

# A program for another terminal: repeats what it is told.
cat_starts=('```console terminal=other' '$ echo ready; cat' 'ready' '```')

@test "a note that tells the truth passes" {
    note '```console' '$ echo one; echo two' 'one' 'two' '$ here=12 &&' \
        '> echo 3 $here' '3   99' '```' \
        '```console exact' '$ seq 9' '1' '...' '9' '$ echo "$here"' '12' '```' \
        "${cat_starts[@]}" \
        '```console status=1' '$ false' '```' \
        '```console terminal=other status=0' '>> hello' 'hello' '^D' '```' \
        '```console terminal=other status=130' '$ cat' '^C' '```'
    assert_output ""
    assert_success
}

@test "a note that shows another line than what is seen fails" {
    note 'A note.' '```console' '$ echo one' 'one' '$ echo two' 'three' '```'
    assert_failure 1
    assert_line --partial 'note.md, line 5: $ echo two'
}

@test "a note that shows too many lines, too few, or another order fails" {
    note '```console' '$ seq 2' '1' '2' '3' '```'
    assert_failure 1
    note '```console' '$ seq 2' '1' '```'
    assert_failure 1
    note '```console' '$ echo a; echo b' 'b' 'a' '```'
    assert_failure 1
    note '```console' '$ echo a; echo b; echo c' 'b' '...' '```'
    assert_failure 1
}

@test "a note that shows wrong numbers fails if it is exact" {
    note '```console' '$ echo 12' '34' '```'
    assert_success
    note '```console exact' '$ echo 12' '34' '```'
    assert_failure 1
}

@test "a command in a note that fails, or succeeds against the note, fails" {
    note '```console' '$ false' '```'
    assert_failure 1
    note '```console status=3' '$ true' '```'
    assert_failure 1
}

@test "a note that hides what another terminal shows fails" {
    note "${cat_starts[@]}" '```console terminal=other' '>> a' '^D' '```'
    assert_failure 1
    assert_output --partial 'the note does not show this:'
    note "${cat_starts[@]}" '```console terminal=other' '>> a' '...' '^D' '```'
    assert_success
}

@test "a note that shows a line which does not come fails" {
    note "${cat_starts[@]}" '```console terminal=other' '>> a' 'b' '...' '```'
    assert_failure 1
    assert_output --partial 'waited in vain for b'
    note "${cat_starts[@]}" '```console terminal=other' '^D' 'more' '```'
    assert_failure 1
    assert_output --partial 'it has ended'
}

@test "a note with a wrong status of a program in another terminal fails" {
    note "${cat_starts[@]}" '```console terminal=other status=1' '^D' '```'
    assert_failure 1
}

@test "a note with a command that does not end fails" {
    note '```console' '$ tail -f /dev/null' '```'
    assert_failure 1
    assert_output --partial 'this does not end'
}

@test "a command that is to be repeated is, but not for ever" {
    note '```console again' '$ x=x$x; echo $x' 'xxx' '```'
    assert_success
    note '```console again' '$ echo a' 'b' '```'
    assert_failure 1
}

@test "a note without a command, or with a mistake in its blocks, fails" {
    note 'No command.' '```mermaid' '$ echo a' '```'
    assert_failure 1
    note '```console loudly' '$ echo a' 'a' '```'
    assert_failure 1
    note '```console terminal=other' 'a' '```'
    assert_failure 1
}

@test "a note leaves no process behind, no file and nothing in the project" {
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
    note '```console' '$ touch notes/new; exec -a pla-'$$' tail -f /dev/null &' \
        '```' "${cat_starts[@]}"
    assert_success
    assert_equal "$(ls -A "$TMPDIR")" ""
    assert_not_exists "$notes/new"
    run ! pgrep -f "^pla-$$"
}
