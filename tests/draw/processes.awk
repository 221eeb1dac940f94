# processes.awk: fork, exec, signals, ends, waits; threads and their locks.

function on_fork(    e, child, kind, is_thread) {
    if (failed) {
        event(1, "error", name ": " error)
        return
    }
    if (match(args, /parent_tid=\[[0-9]+/) && value == "")
        value = substr(args, RSTART + 12, RLENGTH - 12) + 0
    is_thread = args ~ /CLONE_THREAD/
    kind = is_thread ? "thread" : "process"
    child = new_lane(value, l, kind, child_name(l, kind))
    e = event(1, "process", (is_thread ? "starts " : "forks ") lane_name[child])
    if (match(args, /child_tid(ptr)?=0x[0-9a-f]+/) && is_thread) {
        joins_at[p, substr(args, RSTART + index(substr(args, RSTART), "="), \
            RLENGTH - index(substr(args, RSTART), "="))] = child
    }
    set_state(child, "alive")
    born_at[child] = e
    if (!is_thread) {
        copy_table(p, child)
        for (kind = 1; kind < 65; kind++)
            if ((p, kind) in handler)
                handler[child, kind] = handler[p, kind]
    }
}

function on_exec(    e, program, fd) {
    if (failed) {
        event(2, "process", "execve: " error)
        return
    }
    program = a[1]
    gsub(/"/, "", program)
    sub(/.*\//, "", program)
    if (lane_parent[l])
        started[l] = 1
    e = event(l in started ? 1 : 2, "process", "becomes " program)
    if (l in started) {
        drop_table(p, 1)
        lane_name[l] = lane_name[l] " " program
        for (fd = 3; fd <= top[p]; fd++)
            if ((p, fd) in file_at && kind_of[file_at[p, fd]] != "file") {
                find(e, lane_name[l] " runs with fd " fd " (" in_words(file_at[p, fd]) \
                    "): nothing closed it at exec (CLOEXEC)")
                too_long(e, l, file_at[p, fd])
                inherited[p, fd] = 0
            }
    }
    started[l] = 1
}

function on_signal(    sig, from) {
    sig = args
    sub(/ .*/, "", sig)
    if (args ~ /^stopped/) {
        event(1, "signal", args)
        return
    }
    from = match(args, /si_pid=[0-9]+/) ? substr(args, RSTART + 7, RLENGTH - 7) : ""
    if (sig == "SIGCHLD") {
        from = from in lane_of ? lane_of[from] : 0
        arrow(died_at[from], event(1, "signal", "SIGCHLD arrives"), "signal", "")
        return
    }
    from = event(1, "signal", sig " arrives" ((p, sig) in handler ? \
        handler[p, sig] == "SIG_IGN" ? " and is ignored" : " and is handled" : ""))
    arrow(killed_by[lane_pid[l], sig] ? killed_by[lane_pid[l], sig] : \
        killed_by[lane_pid[p], sig], from, "signal", sig)
    fatal[l] = sig
}

function on_kill(    e, target, sig) {
    target = name == "tgkill" ? a[2] : a[1]
    sig = name == "tgkill" ? a[3] : a[2]
    if (sig == 0) {
        event(2, "signal", name "(" target ", 0)")
        return
    }
    e = event(1, "signal", name " " sig " to " \
        (target in lane_of ? lane_name[lane_of[target]] : target < 0 && -target in lane_of ? \
        "the group of " lane_name[lane_of[-target]] : "process " target) \
        (failed ? ": " error : ""))
    killed_by[target, sig] = e
    if (target < 0)
        killed_by[-target, sig] = e
}

function on_end(    e, i, from) {
    if (args ~ /superseded/)
        return
    if (lane_kind[l] == "thread") {
        e = event(1, "process", "the thread ends")
        set_state(l, "gone")
    } else {
        from = args
        sub(/^exited with /, "exits with ", from)
        e = event(1, args ~ /^killed/ ? "error" : "process", from)
        if (args ~ /^killed/) {
            sub(/killed by /, "", from)
            sub(/ .*/, "", from)
            if (fatal[l] != from)
                arrow(killed_by[lane_pid[l], from], e, "signal", from)
        }
        check_end(e)
        drop_table(l, 0)
        orphaned[l] = !lane_parent[l] || state_of[table_of[lane_parent[l]]] != "alive" 
        set_state(l, orphaned[l] || handler[table_of[lane_parent[l]], "SIGCHLD"] == "SIG_IGN" \
            ? "gone" : "zombie")
        for (i = 1; i <= lanes; i++)
            if (table_of[i] == l && i != l && state_of[i] != "gone")
                set_state(i, "gone")
            else if (lane_parent[i] && table_of[lane_parent[i]] == l && state_of[i] == "zombie") {
                check_zombie(i, e)
                set_state(i, "gone") # init reaps it
            }
    }
    died_at[l] = e
    died_when[l] = effect
}

function on_wait(    child, e) {
    child = value
    if (name == "waitid" && match(args, /si_pid=[0-9]+/))
        child = substr(args, RSTART + 7, RLENGTH - 7) + 0
    if (failed || child <= 0 || !(child in lane_of)) {
        event(ended == "" ? 1 : 2, "process", name (failed ? ": " error : ended == "" ? \
            ": still waiting" : ": nobody"))
        return
    }
    child = lane_of[child]
    if (args ~ /WNOWAIT/) {
        event(1, "process", name ": " lane_name[child] " has ended")
        return
    }
    e = event(1, "process", name ": reaps " lane_name[child])
    arrow(died_at[child], e, "reap", "")
    set_state(child, "gone")
}

function on_futex(    e, what, wait) {
    wait = args ~ /FUTEX_(WAIT|LOCK)/
    if (args ~ /FUTEX_WAKE/) {
        e = event(value > 0 ? 1 : 2, "lock", "")
        text_of[e] = (in_library == "" ? "futex wake" : in_library) ": wakes " value
        waker[p, a[1]] = e
        return
    }
    # A lock that is free a moment later is no story.
    what = ended == "" || ended - began > long ? 1 : 2
    e = event(what, "lock", "")
    text_of[e] = (ended == "" ? "still waits in " : failed && error ~ /TIMEDOUT/ ? \
        "time is up in " : "wakes in ") (in_library == "" ? "futex" : in_library)
    if (!failed && ended != "" && what == 1) {
        if ((p, a[1]) in joins_at && died_at[joins_at[p, a[1]]])
            arrow(died_at[joins_at[p, a[1]]], e, "join", "")
        else
            arrow(waker[p, a[1]], e, "wake", "")
    }
}

# on_found(): a process that was there before strace; draw.sh says so.
function on_found(    parent) {
    parent = a[1] + 0
    gsub(/"/, "", a[2])
    lane_name[l] = a[2]
    if (parent in lane_of) {
        lane_parent[l] = lane_of[parent]
        lane_name[l] = child_name(lane_of[parent], "process")
    }
}
