#!/usr/bin/env bats
# workshop.bats: the engines of the workshop: the museum of bugs, the hunt, the
# exercises and their judge, make learn on a terminal. Works on a copy of the
# project, so that nobody's mine/ is touched. Whether each specimen and exercise is
# what it says is another question: make prove.

# shellcheck disable=SC2030,SC2031 # each test is a shell of its own

bats_require_minimum_version 1.5.0

setup_file() {
    unset MAKEFLAGS MAKELEVEL MFLAGS
    local root built=$BATS_FILE_TMPDIR/project
    root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
    mkdir -p "$built"
    cd "$root" || return
    find Makefile .gitignore notes/*.md stage[12]_* tests -name build -prune -o \
        -type f \( ! -perm /111 -o -name '*.sh' \) -print0 |
        xargs -0 cp --parents -t "$built"
    make -s -C "$built/tests"
}

setup() {
    bats_load_library bats-support
    bats_load_library bats-assert
    unset MAKEFLAGS MAKELEVEL MFLAGS EX ANSWER GIVE_UP BUG
    project=$BATS_TEST_TMPDIR/project
    cp -a "$BATS_FILE_TMPDIR/project" "$project"
    cd "$project" || return
    export TMPDIR=$BATS_TEST_TMPDIR/tmp
    mkdir "$TMPDIR"
    socket=workshop-$$-$RANDOM
}

teardown() {
    tmux -L "$socket" kill-server 2>/dev/null || true
    # What was started is gone, and so are its files.
    run find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'poolladder-*'
    assert_output ''
    run grep -lsF "POOLLADDER_WORK=$TMPDIR" /proc/[0-9]*/environ
    assert_output ''
}

reap=mine/01-reap/server.c

# write_body TEXT: the body of reap_children.
write_body() {
    echo "    $1" >"$BATS_TEST_TMPDIR/body"
    awk -v name=reap_children -v stub="$BATS_TEST_TMPDIR/body" \
        -f tests/workshop/cut.awk "$reap" >"$BATS_TEST_TMPDIR/new.c"
    cp "$BATS_TEST_TMPDIR/new.c" "$reap"
}

solve() {
    write_body "int s; pid_t p; while ((p = waitpid(-1, &s, WNOHANG)) > 0) {
        log_process_end(\"process\", p, s); children_remove(children, p); }"
}

# ---- The museum

@test "a bug is shown beside the healthy stage, and left to look at" {
    run make -s bug1
    assert_success
    assert_line --regexp '^healthy +\| broken$'
    assert_line --regexp '^zombies that stay: 0 +\| zombies that stay: [1-9]'
    assert_line --partial 'children that die at the same time all leave'
    assert [ -x mine/bug1/server ]
    run diff stage1_fork/server.c mine/bug1/server.c
    assert_line '>     if ((pid = waitpid(-1, &status, WNOHANG)) > 0) {'
}

@test "a bug in 40 columns is shown above each other" {
    COLUMNS=40 run make -s bug1
    assert_line 'healthy'
    assert_line '  zombies that stay: 0'
    refute_line --regexp ' \| '
}

@test "what you have changed in the copy of a bug is kept" {
    mkdir -p mine/bug1
    echo 'my own' >mine/bug1/server.c
    run make -s bug1
    assert_success
    assert_line '(what was in mine/bug1 is now in mine/bug1.1)'
    assert_equal "$(cat mine/bug1.1/server.c)" 'my own'
}

@test "a bug that is not there is a clear error" {
    run tests/workshop/bugs.sh show 999
    assert_failure 2
    assert_output 'bugs.sh: there is no bug 999 (make bugs lists them)'
    run tests/workshop/bugs.sh show x
    assert_failure 2
}

@test "the hunt tells the complaint only, and judges the mending" {
    HUNT=1 run make -s hunt1
    assert_success
    assert_output --partial 'dozens of <defunct> servers'
    refute_output --partial 'waitpid'
    run tests/workshop/hunt.sh 1
    assert_failure 1
    assert_output --partial 'expected: children that die at the same time'
    cp stage1_fork/server.c mine/hunt1/server.c
    run tests/workshop/hunt.sh 1
    assert_success
    assert_output --partial 'Found and mended.'
    assert_output --partial 'It was bug 1'
    assert_equal "$(cat mine/hunts.txt)" '1 1 found'
}

@test "who mends the bug and breaks something else is told so" {
    HUNT=1 make -s hunt1
    cp stage1_fork/server.c mine/hunt1/server.c
    sed -i 's/serve_client(client_fd);/;/' mine/hunt1/server.c
    run tests/workshop/hunt.sh 1
    assert_failure 1
}

# ---- The proof

@test "a patch that does not fit is named, with the reason" {
    sed -i 's/WNOHANG)) > 0/WNOHANG)) >= 1/' stage1_fork/server.c
    run tests/workshop/prove.sh bugs 1
    assert_failure 1
    assert_line --regexp '^FAIL 01-zombies '
    assert_line --partial 'the diff does not fit stage1_fork any more'
    assert_line '0 proved, 1 failed'
}

@test "a sign that the healthy stage shows, too, is no proof" {
    sed -i 's/^Sign: .*/Sign: zombies/' tests/bugs/01-zombies.patch
    run tests/workshop/prove.sh bugs 1
    assert_failure 1
    assert_line --partial 'the sign is seen without the bug, too'
}

@test "a test that does not notice the bug is named" {
    sed -i 's/^Tests: .*/Tests: fork: "each client has a process of its own"/' \
        tests/bugs/01-zombies.patch
    run tests/workshop/prove.sh bugs 1
    assert_failure 1
    assert_line --partial 'with the diff: ok: fork: "each client has a process'
}

@test "a test that is not there is named" {
    sed -i 's/^Tests: .*/Tests: fork: "no such test"/' tests/bugs/01-zombies.patch
    run tests/workshop/prove.sh bugs 1
    assert_failure 1
    assert_line --partial 'no result: fork: "no such test"'
}

@test "an exercise whose test notices nothing is no exercise" {
    sed -i '/^    fork: /d; /^Cheats/,/^    int/d
        s/^Tests: .*/Tests: fork: "each client has a process of its own"/' \
        tests/exercises/01-reap.md
    run tests/workshop/prove.sh exercises 01
    assert_failure 1
    assert_line --partial 'the start'
}

@test "a hint that holds a line of the solution gives too much away" {
    sed -i '/^## Hint 2/a while ((pid = waitpid(-1, \&status, WNOHANG)) > 0) {' \
        tests/exercises/01-reap.md
    run tests/workshop/prove.sh exercises 01
    assert_failure 1
    assert_line --partial 'hint 1 or 2 holds a line of the solution'
}

# ---- The exercises, without a terminal

@test "an exercise from its beginning to its end, by the verbs" {
    run make -s learn-task
    assert_success
    assert_line --regexp '^    mine/01-reap/server.c:[0-9]+$'
    run tests/workshop/learn.sh check
    assert_failure 1
    assert_line 'Not yet: 01-reap'
    assert_line 'expected: a child that has ended is gone from "ps"'
    assert_line --regexp '^seen: '
    assert_line --regexp '^why: +notes/1-fork.md'
    assert_line --regexp '^see it: '
    run make -s learn-hint
    assert_line 'Hint 1'
    refute_line 'Hint 2'
    run make -s learn-solution
    assert_failure
    solve
    run make -s learn-check
    assert_success
    assert_line 'Done: 01-reap.'
    run make -s learn-list
    assert_line --regexp '^ \* 01-reap '
    run env EX=reap make -s learn-solution
    assert_success
    assert_line '    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {'
    run cat mine/learn.txt
    assert_line '01-reap solved, hints 1, judged 2'
}

@test "a copy that does not build is told so, with the line" {
    make -s learn-task
    write_body 'nonsense;'
    run tests/workshop/learn.sh check
    assert_failure 1
    assert_line 'It does not build:'
    assert_line --regexp 'server.c:[0-9]+:.*nonsense'
}

@test "begun again: the old work is kept, the copy is new" {
    make -s learn-task
    write_body 'my_own_work();'
    run make -s learn-reset
    assert_success
    assert_line 'Your work is kept in mine/01-reap.1.'
    run grep -c my_own_work mine/01-reap.1/server.c "$reap"
    assert_line 'mine/01-reap.1/server.c:1'
    assert_line "$reap:0"
}

@test "who gives up sees the solution, and that is remembered" {
    make -s learn-task
    run env GIVE_UP=1 make -s learn-solution
    assert_success
    run cat mine/learn.txt
    assert_line '01-reap open, hints 0, judged 0, gave up'
}

@test "runs that disagree are called a race" {
    sed -i 's/^Cut: .*/&\nRepeat: 20/; s/^Seconds: .*//; /^    fork: /d' \
        tests/exercises/01-reap.md
    sed -i 's/^Tests: .*/Tests: own: "now and then" it goes well each time/' \
        tests/exercises/01-reap.md
    # Bats takes a line that begins with @test for a test of this file.
    sed 's/^AT/@/' >>tests/exercises/01-reap.md <<'END'

## Tests

```bash
ATtest "now and then" {
    local count=$TESTS_DIR/../count
    echo >>"$count"
    (($(wc -l <"$count") % 4 != 0)) || fail "this time not"
}
```
END
    make -s learn-task
    run tests/workshop/learn.sh check
    assert_failure 1
    assert_line --regexp '^[0-9]+ of [0-9]+ runs failed: they disagree, so this is a'
    assert_line 'seen:     this time not'
}

@test "a prediction is compared with a run, and nowhere written down" {
    export EX=which-number
    run make -s learn-task
    assert_success
    run tests/workshop/learn.sh check
    assert_failure 1
    assert_line --partial 'Say first what you expect'
    ANSWER=77 run tests/workshop/learn.sh check
    assert_failure 1
    assert_line 'expected: 77 (your answer)'
    assert_line --regexp '^seen: +3\. It was run:'
    ANSWER=3 run tests/workshop/learn.sh check
    assert_success
    run grep -w 3 <(sed -n '/^## Task/,$p' tests/exercises/13-*.md)
    refute_output --partial 'answer 3'
}

@test "an exercise that is not there is a clear error" {
    EX=nosuch run tests/workshop/learn.sh check
    assert_failure 2
    assert_output --partial "there is no exercise 'nosuch' (make learn-list)"
}

# ---- On a terminal

# start_terminal COLUMNS ROWS [VARIABLE=VALUE]...
start_terminal() {
    command -v tmux >/dev/null || skip 'tmux is not here'
    tmux -L "$socket" -f /dev/null new-session -d -x "$1" -y "$2" \
        "env ${*:3} make -s learn" 3>&-
}

# screen_shows REGEX: within 30 s.
screen_shows() {
    local i
    for ((i = 0; i < 300; i++)); do
        ! tmux -L "$socket" capture-pane -p 2>/dev/null | grep -Eq -e "$1" || return 0
        read -rt 0.1 <> <(:) || true
    done
    echo "the screen does not show $1:"
    tmux -L "$socket" capture-pane -p
    return 1
}

screen_is_gone() {
    local i
    for ((i = 0; i < 100; i++)); do
        tmux -L "$socket" has-session 2>/dev/null || return 0
        read -rt 0.1 <> <(:) || true
    done
    return 1
}

keys() {
    tmux -L "$socket" send-keys "$@"
}

@test "a save is judged, hints come one by one, q leaves nothing behind" {
    start_terminal 80 24
    screen_shows '^01-reap: Reap the children'
    write_body 'int s; (void)children; waitpid(-1, &s, WNOHANG);'
    screen_shows '^Not yet: 01-reap'
    keys h
    screen_shows '^Hint 1'
    keys Enter
    screen_shows '^Not yet: 01-reap'
    solve
    screen_shows '^Done: 01-reap'
    keys n
    screen_shows '^11-fdpass-send: '
    keys q
    screen_is_gone
    run pgrep -f "inotifywait.*$project"
    assert_output ''
}

@test "without inotifywait a save is noticed, too" {
    mkdir bin
    local tool
    for tool in /usr/bin/* /bin/*; do
        [[ $tool == */inotifywait ]] || ln -sf "$tool" bin/
    done
    start_terminal 80 24 "PATH=$project/bin"
    screen_shows '^01-reap: Reap the children'
    solve
    screen_shows '^Done: 01-reap'
    keys q
    screen_is_gone
}

@test "in 40 columns and without colours no line is cut" {
    start_terminal 40 24 NO_COLOR=1
    screen_shows '^01-reap: Reap the children'
    screen_shows 'h hint  l list  d diff  r again'
    screen_shows 'q quit'
    run tmux -L "$socket" capture-pane -pe
    refute_output --partial $'\e[1m'
    keys q
    screen_is_gone
}

@test "Ctrl-C while it judges leaves nothing behind" {
    start_terminal 80 24
    screen_shows '^01-reap: Reap the children'
    keys Enter
    screen_shows '^judging'
    keys C-c
    screen_is_gone
}

# ---- At a moment

@test "a server is stopped before the call that is named, and goes on" {
    strace -qq -e trace=none true 2>/dev/null || skip 'strace cannot run here'
    run env CALL=recvmsg tests/workshop/at.sh 2 </dev/null
    assert_success
    assert_line --regexp '^Here stands a worker, process [0-9]+. It is about to make'
    assert_line --regexp '^  recvmsg\('
    assert_line 'It went on. The client ended with status 0.'
    assert_line --regexp '^  client: \[[0-9]+\] hello'
}

@test "the moments of a stage are listed, and a call that nobody makes is told" {
    run make -s at2
    assert_success
    assert_line '  make at2 CALL=recvmsg'
    run env CALL=nosuch tests/workshop/at.sh 2 </dev/null
    assert_failure 2
}
