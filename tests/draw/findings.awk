# findings.awk: what somebody who knows would point at in the diagram.

# find(e, text): e is the event to look at.
function find(e, text) {
    if (text in told)
        return
    told[text] = 1
    findings[++finding_count] = e "\t" text
}

# too_long(e, p, o): from e on, p should not have o any more.
function too_long(e, p, o) {
    printf "toolong\t%d\t%d\t%d\n", e, p, o
}

# check_end(e): lane l, a process, ends.
function check_end(e,    fd, o) {
    if (args ~ /^killed by SIG(SEGV|BUS|ABRT|FPE|ILL|PIPE|SYS)/)
        find(e, lane_name[l] " is " args)
    for (fd = 3; fd <= top[l]; fd++) {
        if (!((l, fd) in file_at))
            continue
        o = file_at[l, fd]
        if (inherited[l, fd] && !used[l, o] && kind_of[o] != "file") {
            find(e, lane_name[l] " had fd " fd " (" in_words(o) \
                ") from its parent to the end, and never used or closed it")
            too_long(born_at[l], l, o)
        }
    }
    check_forgotten(l, e)
}

# A connection that p accepted for somebody else, who is done with it, while p
# still holds its copy.
function check_forgotten(p, e,    fd, o) {
    for (fd = 3; fd <= top[p]; fd++)
        if ((p, fd) in file_at) {
            o = file_at[p, fd]
            if (accepted_by[o] == p && o in served_until && effect - effect_of[served_until[o]] > 0.02) {
                find(served_until[o], lane_name[p] " still holds fd " fd " (" in_words(o) \
                    ") though " lane_name[lane_at[served_until[o]]] \
                    " is done with it: the connection stays open")
                too_long(served_until[o], p, o)
            }
        }
}

# check_zombie(i, e): child i was never reaped, its parent ends at e.
function check_zombie(i, e) {
    if (effect - died_when[i] > 0.2)
        find(died_at[i], lane_name[i] " is a zombie from here to the end: its parent does not wait for it")
}

# check_last_close(o): the last descriptor of o is closed.
function check_last_close(o) {
    if (o in accepted && !(o in worked))
        find(events, in_words(o) " is closed and nobody has sent or received a byte on it")
    if (speaks[o] && !lost[o] && (cargo_left[o] > 0 || head_n[o] > 0))
        find(events, in_words(o) " ends in the middle of a train: " \
            (cargo_left[o] > 0 ? cargo_left[o] " bytes of cargo were to come" : "not even the length is whole"))
}

# check_spin(e): ready again and again, and nothing comes of it.
function check_spin(e) {
    if (value > 0 && ended - began < 0.001) {
        if (++spins[l] == 20)
            find(e, lane_name[l] " goes round and round: " name " reports what nobody does anything about")
    }
}

# check_stuck(e, o): a read of o that never returned.
function check_stuck(e, o) {
    stuck[++stuck_count] = e
    stuck_on[e] = o
}

# check_all(): at the end of the recording.
function check_all(    i, e, q, p, others) {
    for (i = 1; i <= stuck_count && !attached; i++) {
        e = stuck[i]
        l = lane_at[e]
        if (state_of[l] != "alive")
            continue
        q = origin(stuck_on[e])
        others = who_holds(q)
        for (p = 1; others != "" && p <= lanes; p++)
            if (has(p, q))
                too_long(e, p, q)
        find(e, lane_name[l] " still waits when all should be over: " text_of[e] \
            (others == "" ? "" : "; the other end is held by " others))
        mentioned[l] = 1
    }
    for (i = 1; i <= lanes; i++) {
        if (state_of[i] == "zombie")
            find(died_at[i], lane_name[i] " is a zombie to the end: nobody waits for it")
        if (state_of[i] != "alive")
            continue
        if (lane_kind[i] == "process")
            check_forgotten(i, 0)
        if (!mentioned[i] && !attached)
            find(latest[i], lane_name[i] " still runs when all should be over" \
                (latest[i] && end_of[latest[i]] == "" ? ": " text_of[latest[i]] : ""))
    }
    for (i = 1; i <= finding_count; i++)
        print "finding\t" findings[i]
}
