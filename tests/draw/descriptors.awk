# descriptors.awk: the calls that make, copy, close and watch descriptors.

# on_last_close(o): nobody has it any more.
function on_last_close(o) {
    closed_at[o] = events
    check_last_close(o)
}

function on_open(    o, kind) {
    if (failed) {
        event(args ~ noise ? 3 : 2, "file", name ": " error)
        return
    }
    o = new_file(kind_from(decoration(result)), short_name(decoration(result)))
    event(args ~ noise ? 3 : kind_of[o] == "file" ? 2 : 1, "file", name " " name_of[o] ": fd " value)
    if (args ~ noise)
        noisy[o] = 1
    hold(p, value, o, args !~ /CLOEXEC/)
}

function on_socket(    o, fds) {
    if (failed) {
        event(1, "error", name ": " error)
        return
    }
    if (name ~ /^(socketpair|pipe)/) {
        match(args, /\[[0-9].*\]/)
        fds = substr(args, RSTART + 1)
        o = new_pair(name == "socketpair" ? "channel" : "pipe")
        word[1] = fds + 0
        fds = substr(fds, fds ~ /^[0-9]+</ ? skip_decoration(fds, index(fds, "<")) + 1 : 1)
        sub(/^[0-9]*, /, "", fds)
        word[2] = fds + 0
        event(1, "channel", name ": " (name == "socketpair" ? "channel " pairs["channel"] : \
            "pipe " pairs["pipe"]) ", fd " word[1] " and fd " word[2])
        hold(p, word[1], o, args !~ /CLOEXEC/)
        hold(p, word[2], o + 1, args !~ /CLOEXEC/)
        return
    }
    o = new_file(name ~ /^epoll/ ? "epoll" : name ~ /^event/ ? "eventfd" : \
        name ~ /^signalfd/ ? "signalfd" : name ~ /^timer/ ? "timerfd" : "socket", "")
    name_of[o] = kind_of[o] " " (++pairs[kind_of[o]])
    event(name == "socket" || name ~ /^event|^signalfd/ ? 1 : 2, "channel", name ": fd " value)
    hold(p, value, o, args !~ /CLOEXEC/)
}

function on_listen(    o) {
    o = look(p, a[1])
    kind_of[o] = "listener"
    name_of[o] = "listener" (++listeners > 1 ? " " listeners : "")
    event(1, "connection", "listen(" (a[1] + 0) "): clients may come")
}

function on_accept(    o) {
    file = look(p, a[1])
    used[p, file] = 1
    if (failed) {
        event(error ~ /EAGAIN/ ? 2 : 1, error ~ /EAGAIN/ ? "connection" : "error", name ": " error)
        return
    }
    if (ended == "") {
        event(1, "connection", name "(" (a[1] + 0) "): still waiting")
        return
    }
    o = new_file("connection", "connection")
    accepted[o] = event(1, "connection", "")
    accepted_by[o] = p
    learn(o, decoration(result))
    text_of[accepted[o]] = name "(" (a[1] + 0) "): " in_words(o) ", fd " value
    hold(p, value, o, args !~ /CLOEXEC/)
}

function on_connect(    o) {
    o = look(p, a[1])
    file = o
    kind_of[o] = "connection"
    connected_at[o] = event(1, failed && error !~ /EINPROGRESS/ ? "error" : "connection", \
        "connect(" (a[1] + 0) ")" (failed ? ": " error : ""))
}

function on_close(    o, e, others) {
    o = look(p, a[1])
    file = o
    if (failed) {
        e = event(1, "error", "close(" (a[1] + 0) "): " error)
        find(e, lane_name[l] " closes fd " (a[1] + 0) ", which is not open")
        return
    }
    others = other_holders(o, p)
    e = event(is_stream(o) || kind_of[o] == "listener" ? 1 : o in noisy ? 3 : 2, "close", \
        "close(" (a[1] + 0) "): " in_words(o) \
        (others == "" ? "" : "; " others " still " (others ~ /,/ ? "have it" : "has it")))
    inherited[p, a[1] + 0] = 0
    if (o in worked && accepted_by[o] != p)
        served_until[o] = e
    hold(p, a[1] + 0, 0)
}

function on_close_range(    fd, last, n) {
    last = a[2] + 0 > top[p] || length(a[2]) > 6 ? top[p] : a[2] + 0
    for (fd = a[1] + 0; fd <= last; fd++)
        n += (p, fd) in file_at
    event(n ? 1 : 2, "close", "close_range(" a[1] ", " \
        (length(a[2]) > 6 ? "..." : a[2]) "): " n + 0 " closed")
    if (args ~ /CLOEXEC/) {
        for (fd = a[1] + 0; fd <= last; fd++)
            kept[p, fd] = 0
        return
    }
    for (fd = a[1] + 0; fd <= last; fd++)
        if ((p, fd) in file_at) {
            inherited[p, fd] = 0
            hold(p, fd, 0)
        }
}

function on_dup(    o) {
    o = look(p, a[1])
    if (name == "fcntl") {
        if (a[2] == "F_SETFD")
            kept[p, a[1] + 0] = a[3] !~ /CLOEXEC/
        if (a[2] !~ /^F_DUPFD/ || failed) {
            event(2, "file", name "(" (a[1] + 0) ", " a[2] ")")
            return
        }
    }
    if (failed)
        return
    event(is_stream(o) ? 1 : 2, "file", name "(" (a[1] + 0) "): fd " value " is the same open file")
    if (value != a[1] + 0)
        hold(p, value, o, args !~ /CLOEXEC/)
}

# ready(text): the descriptors that epoll_wait reports, in words.
function ready(text,    words, fd) {
    while (match(text, /u32=[0-9]+/)) {
        fd = substr(text, RSTART + 4, RLENGTH - 4) + 0
        text = substr(text, RSTART + RLENGTH)
        words = words (words == "" ? "" : ", ") ((p, fd) in file_at && \
            fd > 2 ? "fd " fd " (" in_words(file_at[p, fd]) ")" : "one")
    }
    return words
}

function on_wait_for_events(    e, waited) {
    waited = ended == "" || ended - began > long
    file = look(p, a[1])
    used[p, file] = 1
    e = event(waited && value !~ /^0/ ? 1 : 2, "wait", name (ended == "" ? ": still waiting" : failed ? ": " error : \
        name ~ /^epoll/ && value > 0 ? ": ready is " ready(a[2]) : value > 0 ? \
        ": " value " ready" : ": time is up"))
    check_spin(e)
}
