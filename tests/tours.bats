#!/usr/bin/env bats
# tours.bats: the guided tours in the debugger. They are taken in a copy of the
# project.

load helpers

setup() {
    need_gdb
    copy=$BATS_TEST_TMPDIR/copy
    mkdir -p "$copy/tests/learner"
    cp "$TESTS_DIR"/learner/tour* "$copy/tests/learner"
    (cd "$TESTS_DIR/.." && find stage[1-9]_* -type f \( -name '*.[chgm]*' \
        -o -name Makefile \) ! -path '*/build/*' -exec cp -t "$copy" --parents {} +)
    export TMPDIR=$BATS_TEST_TMPDIR/tmp # the tour works in here
    export TOUR_PATIENCE=$((40 * TIMEOUT_SCALE))
    mkdir "$TMPDIR"
}

# Print the pids of all processes whose program was built for a tour.
processes_of_tour() {
    find /proc -maxdepth 2 -name exe -lname "$TMPDIR/*" 2>/dev/null | cut -d/ -f3
}

# No process is left, and no file where temporary ones go.
nothing_is_left() {
    [ -z "$(processes_of_tour)" ] && [ -z "$(ls -A "$TMPDIR")" ]
}

assert_nothing_is_left() {
    in_time 5 nothing_is_left ||
        explain "the tour is over, but these processes are left:" \
            "$(processes_of_tour | xargs -rn 1 ps -o pid=,ppid=,stat=,args= -p)" \
            "and in \$TMPDIR: $(ls -A "$TMPDIR")"
}

teardown() {
    local pids
    mapfile -t pids < <(processes_of_tour)
    signal_all KILL "${pids[@]}"
    end_test
}

# The functions in which the tour of a stage is to stop, in order.
stops_of() {
    sed -n 's/^stop_here //p' "$copy/stage$1"_*/tour.gdb
}

# The functions in which it has stopped, and in which process.
stops_in() {
    sed -n 's/^\[stop [0-9]*: \([^ ]*\), process [0-9]*\].*/\1/p' <<<"$1"
}

process_at_stop() {
    sed -n "s/^\[stop $1: .*, process \([0-9]*\)\].*/\1/p" <<<"$output"
}

# Print what a stop shows: all that comes between the stop before and this one.
shown_at_stop() {
    awk -v before="[stop $(($1 - 1)):" -v this="[stop $1:" '
        { text = text $0 "\n" }
        index($0, before) == 1 { text = "" }
        index($0, this) == 1 { printf "%s", text; exit }' <<<"$output"
}

# Take the tour of a stage: it reaches every stop and leaves nothing behind.
take_tour() {
    run "$copy/tests/learner/tour.sh" --batch "$1"
    assert_success
    assert_equal "$(stops_in "$output")" "$(stops_of "$1")"
    assert_equal "${lines[-1]}" TOUR-OK
    refute_output --partial 'rror in sourced'
    assert_nothing_is_left
}

@test "the tour of stage 1 follows a client from accept to the reaping" {
    take_tour 1
    local parent child
    parent=$(process_at_stop 1)
    child=$(process_at_stop 2)
    assert_line "[$child] hello"
    assert_line --regexp "^ *$child +$parent +Z"
    assert_line --partial "log_process_end (role=0x"
    assert_line --partial "pid=$child, status=0"
}

@test "the tour of stage 2 shows one socket under two numbers, and both reports" {
    take_tour 2
    assert_line --regexp '^parent [0-9]+: fd [0-9]+, offset 8,'
    assert_line --regexp '^child  [0-9]+: fd [0-9]+, offset 16,'
    local parent worker seen
    parent=$(process_at_stop 3)
    worker=$(process_at_stop 4)
    seen=$(grep -E "^ *'/proc/($parent|$worker)/fd/[0-9]+' -> " <<<"$output")
    assert_equal "$(wc -l <<<"$seen")" 2
    assert_equal "$(grep -o 'socket:.*' <<<"$seen" | sort -u | wc -l)" 1
    assert_equal "$(grep -o '/fd/[0-9]*' <<<"$seen" | sort -u | wc -l)" 2
    assert_line --regexp "state = WORKER_SENT, pid = $worker,"
    assert_line --regexp "state = WORKER_BUSY, .* client_fd = -1,"
    assert_line --regexp ' = WORKER_FREE$'
    assert_line "[$worker] hello"
}

@test "the tour of stage 3 shows half a train, a whole one and two glued" {
    take_tour 3
    assert_line 'total is 4, size is 8; so far there is "Make".'
    assert_line --regexp '^[$][0-9]+ = "Makefile"$'
    assert_line --regexp '^[$][0-9]+ = "nosuch"$'
}

@test "the tour of stage 4 shows each method's calls, and where the bytes are" {
    take_tour 4
    assert_equal "$(sed -n 's/.*(call to syscall \([^)]*\)).*/\1/p' <<<"$output")" \
        "$(printf '%s\n' read sendto mmap sendto sendfile splice splice)"
    # Moved by read, and by each of the four methods.
    local size stop buffer
    size=$(stat -c %s "$copy"/stage4_*/Makefile)
    assert_equal "$(grep -c "^Value returned is [$][0-9]* = $size$" <<<"$output")" 5
    # copy and mmap send from memory, the others do not.
    for stop in 2 4; do
        buffer=$(shown_at_stop $stop | sed -n 's/.*send_full (.*buffer=\([^,]*\),.*/\1/p')
        assert_line --regexp "^    $buffer, in "
    done
    assert_line --regexp '^    0x[0-9a-f]+, in \[stack\]$'
    assert_line --regexp '^    0x[0-9a-f]+, in .*/Makefile$'
    for stop in 3 5 7; do
        assert grep -qx '    nowhere' <<<"$(shown_at_stop $stop)"
    done
    # Both ends of one pipe.
    assert_equal "$(shown_at_stop 6 | grep -o 'pipe:.*' | uniq -d | wc -l)" 1
}

@test "the tour of stage 5 follows SIGTERM to the worker that reads its last order" {
    take_tour 5
    local parent worker
    worker=$(process_at_stop 1)
    parent=$(process_at_stop 2)
    assert_equal "$(process_at_stop 4) $(process_at_stop 5)" "$parent $worker"
    # The handler is called by nobody, the event by the loop.
    assert grep -q '^#2 .* epoll_wait ' <<<"$(shown_at_stop 2)"
    assert grep -q '^#1  <signal handler called>' <<<"$(shown_at_stop 2)"
    assert grep -q '^#1 .* run ' <<<"$(shown_at_stop 3)"
    assert_line --regexp '^Value returned is [$][0-9]+ = 15$'
    # One socket is left of two, the channel.
    assert_equal "$(shown_at_stop 2 | grep -c socket:)" 2
    assert_equal "$(shown_at_stop 4 | grep -c socket:)" 1
    assert_line --partial "order=120 'x', fd=-1)"
    assert_line --partial "state = WORKER_BUSY, pid = $worker,"
    assert_line --regexp "^[$][0-9]+ = 120 'x'$"
    assert_line --regexp '^[$][0-9]+ = -1$'
    assert_line 'served = 1'
    assert_line 'cut = 0'
    assert_line 'The client has all of its file.'
}

@test "the tour of stage 6 shows two threads at the queue, and one that leaves it" {
    take_tour 6
    local stop owner name fd
    # Each thread in its turn is the current one (*), and has the mutex.
    for stop in 1 2; do
        owner=$(shown_at_stop $stop | sed -n 's/^[$][0-9]* = //p' | tail -n 1)
        assert grep -q "^[*] [23] .*(LWP $owner)" <<<"$(shown_at_stop $stop)"
    done
    for name in worker-1 worker-2; do
        assert grep -q "\"$name\"" <<<"$(shown_at_stop 3)"
    done
    assert_equal "$(shown_at_stop 3 | grep -c '^#. .* queue_pop (')" 2
    assert grep -qx '[$][0-9]* = 1' <<<"$(shown_at_stop 4)"
    # The number in the main thread is the number in the worker.
    fd=$(sed -n 's/^Thread 1 .* queue_push (.*fd=\([0-9]*\)).*/\1/p' <<<"$output")
    assert_line --regexp "^Thread [23] .*, serve_client \(client_fd=$fd\)"
    assert_line --regexp '^Thread 1 .*, handle_signal \(signal_number=15\)'
    assert_line 'served = 1'
    assert_line 'cut = 0'
}

@test "every tour has a test here, and stops in functions, not in lines" {
    local tour folder
    for tour in "$TESTS_DIR"/../stage[1-9]_*/tour.gdb; do
        folder=$(basename "$(dirname "$tour")")
        assert grep -q "^    take_tour ${folder:5:1}$" "$BATS_TEST_FILENAME"
        run ! grep -E '^(t?break|until|advance|list|jump) .*[0-9]' "$tour"
    done
}

@test "a tour that does not stop where it should says so and fails" {
    sed -i 's/^stop_here serve_client/stop_here main/' "$copy/stage1_fork/tour.gdb"
    run "$copy/tests/learner/tour.sh" --batch 1
    assert_failure 1
    assert_line --partial "This should be main, but it is serve_client."
    refute_line TOUR-OK
    assert_nothing_is_left
}

@test "a tour that waits in vain is ended" {
    sed -i 's/^tbreak listener_accept/tbreak listener_back_off/' \
        "$copy/stage1_fork/tour.gdb"
    export TOUR_PATIENCE=2
    run "$copy/tests/learner/tour.sh" --batch 1
    assert_failure 124
    refute_line TOUR-OK
    assert_nothing_is_left
}

# Take the tour of a stage on a terminal: what it shows goes to the file $screen,
# what is written to the fd $keys is typed.
take_tour_on_terminal() {
    screen=$BATS_TEST_TMPDIR/screen
    : >"$screen"
    mkfifo "$BATS_TEST_TMPDIR/keys"
    exec {keys}<>"$BATS_TEST_TMPDIR/keys"
    background env NO_COLOR=1 script --quiet --return --flush \
        --command "'$copy/tests/learner/tour.sh' $1" "$screen" <&"$keys" >/dev/null 2>&1
}

# Wait until the tour has asked so many times what to do.
wait_for_question() {
    wait_for "[ \"\$(grep -c 'Enter goes on' '$screen')\" -ge $1 ]" 30 \
        "The tour should have asked $1 times what to do. The end of what it shows:" \
        "$(tail -n 20 "$screen")"
}

@test "on a terminal the tour waits at each stop and takes gdb commands" {
    local stop stops
    take_tour_on_terminal 1
    wait_for_question 1
    echo 'print 6 * 7' >&"$keys"
    stops=$(stops_of 1 | wc -l)
    for ((stop = 1; stop <= stops; stop++)); do
        wait_for_question $((stop + 1))
        echo >&"$keys"
    done
    wait_background "$BACKGROUND_PID"
    assert_background_status 0 "It is the tour."
    run tr -d '\r' <"$screen"
    assert_line --partial ' = 42'
    assert_line --partial TOUR-OK
    assert_equal "$(stops_in "$output")" "$(stops_of 1)"
    assert_nothing_is_left
}

@test "Ctrl-C at a stop ends the tour" {
    take_tour_on_terminal 1
    wait_for_question 1
    printf '\3' >&"$keys"
    wait_background "$BACKGROUND_PID"
    run ! grep TOUR-OK "$screen"
    assert_nothing_is_left
}

@test "tour.sh says so when there is no such tour" {
    rm "$copy/stage3_protocol/tour.gdb"
    local arguments
    for arguments in '' '0' '10' '--batch' '1 2' 9 3; do
        # shellcheck disable=SC2086 # words
        run "$copy/tests/learner/tour.sh" $arguments
        assert_failure 2
        assert_output --regexp '^tour.sh: (usage|there is no stage|stage 3 has no)'
    done
}
