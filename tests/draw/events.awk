# events.awk: what the system calls mean.  Reads what calls.awk prints, sorted,
# and prints what the diagram shows, a row each, separated by tabs:
#
#   event ID LANE BEGIN EFFECT END LEVEL KIND COUNT SLEPT NAME TEXT CALL SOURCE
#         level 1 is the story, 2 the rest, 3 the loader; END is empty if it never
#         ended; SLEPT: the process waited in it; NAME: of the call
#   arrow FROM TO KIND TEXT      from event to event: fork, descriptor, bytes, end,
#                                signal, connection, wake, reap, join
#   hold EVENT LANE FD FILE      from here on FD stands for this open file; 0: none
#   state EVENT LANE STATE       alive, zombie, gone
#   lane ID PID PARENT KIND NAME     a process or a thread
#   file ID KIND NAME            an open file
#   finding EVENT TEXT           what ought to be looked at
#   toolong EVENT LANE FILE      from here on LANE should not have FILE any more
#
# files.awk knows the descriptors, trains.awk the messages, findings.awk what is
# suspicious.  -v sources=FILE: lines "BINARY ADDRESS<tab>FUNCTION FILE:LINE".

BEGIN {
    FS = "\t"
    fill_small()
    while (sources != "" && (getline line < sources) > 0) {
        split(line, word, "\t")
        source_at[word[1]] = word[2]
    }
    bulk = 1024 # bytes: repeated calls that move so many are shown as one
    long = 0.002 # seconds: who needs more for a call that can wait has waited
}

# ---- Lanes -------------------------------------------------------------------

function new_lane(pid, parent, kind, name) {
    lanes++
    lane_of[pid] = lanes
    lane_pid[lanes] = pid
    lane_parent[lanes] = parent
    lane_kind[lanes] = kind
    lane_name[lanes] = name
    table_of[lanes] = kind == "thread" ? table_of[parent] : lanes
    state_of[lanes] = "alive"
    return lanes
}

function child_name(parent, kind,    prefix, number) {
    parent = table_of[parent]
    number = ++born[parent, kind]
    prefix = lane_parent[parent] ? lane_name[parent] : roots > 1 && \
        lane_name[parent] !~ /^server/ ? lane_name[parent] : ""
    if (kind == "process" && prefix ~ /^child/)
        return prefix "." number
    return (prefix == "" ? "" : prefix " ") \
        (kind == "thread" ? "thread " : "child ") number
}

function set_state(l, state) {
    state_of[l] = state
    printf "state\t%d\t%d\t%s\n", events, l, state
}

# ---- Events ------------------------------------------------------------------

# source(stack): set in_library, the function of the library that was called,
# and return where the program called it: "worker_send worker.c:110 < ...".
function source(stack,    n, frame, i, text, binary, place) {
    in_library = ""
    n = split(stack, frame, "\001")
    for (i = 1; i <= n; i++) {
        binary = frame[i]
        sub(/\(.*/, "", binary)
        match(frame[i], /\[0x[0-9a-f]+\]/)
        place = source_at[binary " " substr(frame[i], RSTART + 1, RLENGTH - 2)]
        if (place == "" && text == "") {
            in_library = frame[i]
            sub(/^[^(]*\(/, "", in_library)
            sub(/\+0x.*/, "", in_library)
        }
        if (place != "" && place !~ /^_start/)
            text = text (text == "" ? "" : " < ") place
    }
    if (text == "")
        in_library = ""
    return text
}

# event(level, kind, text): of the call at hand.  A run of calls that move bytes
# in the same way is one event, size > 0.
function event(level, kind, text, size,    e, key) {
    key = l SUBSEP name SUBSEP file SUBSEP kind
    e = latest[l]
    if (size >= bulk && e && key_of[e] == key) {
        end_of[e] = ended
        count_of[e]++
        sum_of[e] += size
        text_of[e] = first_words[e] sum_of[e] " bytes in " count_of[e] " calls"
        return e
    }
    e = ++events
    lane_at[e] = l
    begin_of[e] = began
    effect_of[e] = effect
    end_of[e] = ended
    level_of[e] = level
    kind_at[e] = kind
    text_of[e] = text
    raw_of[e] = raw
    call_of[e] = name
    source_of[e] = source(stack)
    count_of[e] = 1
    key_of[e] = size >= bulk ? key : ""
    sum_of[e] = size
    first_words[e] = text
    sub(/[0-9]+ bytes.*/, "", first_words[e])
    if (level == 1)
        latest[l] = e
    if (level == 1 && kind !~ /^(wait|end|error)$/)
        spins[l] = 0
    return e
}

# slept(e): did it wait in this call?
function slept(e) {
    return count_of[e] == 1 && (end_of[e] == "" || end_of[e] - begin_of[e] > long) && \
        call_of[e] ~ /^(p?read|recv|p?write|send|splice|accept|connect|wait|futex|epoll_p?wait|p?poll|p?select|nanosleep|clock_nano|pause|rt_sigsuspend)/
}

function moment(t) {
    return t == "" ? "" : sprintf("%.6f", t - origin_of_time)
}

function arrow(from, to, kind, text) {
    if (from && to && from != to)
        printf "arrow\t%d\t%d\t%s\t%s\n", from, to, kind, text
}

function print_hold(p, fd, o) {
    printf "hold\t%d\t%d\t%d\t%d\n", events, p, fd, o
}

# ---- Each line ---------------------------------------------------------------

{
    effect = $1; began = $2; ended = $3; pid = $4; name = $5; args = $6; result = $7
    stack = $8; raw = $9
    file = 0
    if (NR == 1)
        origin_of_time = effect
    split("", a)
    split(args, a, "\001")
    if (name != "---" && name != "+++")
        gsub("\001", ", ", args)
    if ($10 != "") {
        lane_name[new_lane(pid, 0, "process", $10)] = $10
        roots++
    }
    if (!(pid in lane_of))
        new_lane(pid, 0, "process", "process " pid) # older than the recording
    l = lane_of[pid]
    p = table_of[l]
    failed = result ~ /^-1 / || result ~ /^\? E/
    error = ""
    if (failed) {
        error = result
        sub(/^(-1|\?) /, "", error)
        sub(/ \(To be restarted.*/, "", error)
        sub(/ \(/, ", ", error)
        sub(/\)$/, "", error)
    }
    value = result ~ /^[0-9]/ ? result + 0 : ""
}

name == "process" { on_found(); next }
name == "holds" { look(p, a[1]); next }
result == "?" && name !~ /^exit/ {
    file = look(p, a[1])
    event(2, "wait", name " is cut off by the end")
    next
}
name == "---" { on_signal(); next }
name == "+++" { on_end(); next }
name ~ /^(read|readv|pread64|recv|recvfrom|recvmsg|write|writev|pwrite64|send|sendto|sendmsg|sendfile|splice)$/ {
    on_transfer(); next
}
name ~ /^(open|openat|creat|memfd_create)$/ { on_open(); next }
name ~ /^(socket|socketpair|pipe2?|epoll_create1?|eventfd2?|signalfd4?|timerfd_create)$/ {
    on_socket(); next
}
name == "listen" && !failed { on_listen(); next }
name ~ /^accept4?$/ { on_accept(); next }
name == "connect" { on_connect(); next }
name == "close" { on_close(); next }
name == "close_range" { on_close_range(); next }
name ~ /^dup[23]?$/ || name == "fcntl" { on_dup(); next }
name ~ /^(clone3?|v?fork)$/ { on_fork(); next }
name == "execve" { on_exec(); next }
name ~ /^t?g?kill$/ { on_kill(); next }
name ~ /^wait(4|id)$/ { on_wait(); next }
name == "futex" { on_futex(); next }
name ~ /^(epoll_p?wait2?|p?poll|select|pselect6)$/ { on_wait_for_events(); next }
name == "shutdown" {
    file = look(p, a[1])
    used[p, file] = 1
    shut_at[file] = event(1, "close", "shutdown(" (a[1] + 0) "): no more will come" \
        (failed ? ": " error : ""))
    next
}
name == "rt_sigaction" {
    if (a[2] ~ /sa_handler=/) {
        match(a[2], /sa_handler=[A-Za-z0-9_]+/)
        word[1] = substr(a[2], RSTART + 11, RLENGTH - 11)
        if (word[1] == "SIG_DFL")
            delete handler[p, a[1]]
        else
            handler[p, a[1]] = word[1]
    }
    event(2, "signal", "rt_sigaction " a[1])
    next
}
name == "rt_sigreturn" { event(2, "signal", "back from the handler"); next }
name ~ /nanosleep$/ { event(1, "wait", "sleeps"); next }
name ~ /^rename/ { event(1, "file", "renames " a[1] " to " (a[3] == "" ? a[2] : a[3])); next }
name ~ /^exit/ { event(2, "process", name "(" args ")"); next }
{
    file = look(p, a[1])
    event(2, "file", name (file ? "(" (a[1] + 0) "): " in_words(file) : ""))
}

END {
    last_moment = effect
    check_all()
    for (i = 1; i <= events; i++)
        print "event\t" i "\t" lane_at[i] "\t" moment(begin_of[i]) "\t" moment(effect_of[i]) "\t" moment(end_of[i]) \
            "\t" level_of[i] "\t" kind_at[i] "\t" count_of[i] "\t" slept(i) "\t" call_of[i] \
            "\t" text_of[i] \
            "\t" raw_of[i] "\t" source_of[i]
    for (i = 1; i <= lanes; i++)
        print "lane\t" i "\t" lane_pid[i] "\t" lane_parent[i] + 0 "\t" lane_kind[i] "\t" lane_name[i]
    for (i = 1; i <= files; i++)
        print "file\t" i "\t" kind_of[i] "\t" name_of[i]
}
