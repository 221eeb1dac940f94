# bytes.awk: what goes through connections, channels and pipes: bytes, and the
# descriptors that travel with them.

# Bytes that were sent on o and not yet taken: queued[o, i] of the event at
# sent_at[o, i], i from first_in[o] to last_in[o].
function put(o, e, size) {
    last_in[o]++
    sent_at[o, last_in[o]] = e
    queued[o, last_in[o]] = size
}

function take(q, e, size, kind, text,    i, from) {
    for (i = first_in[q] + 1; size > 0 && i <= last_in[q]; i++) {
        from = sent_at[q, i]
        if (!((from, e) in drawn))
            arrow(from, e, kind, text)
        drawn[from, e] = 1
        if (queued[q, i] > size) {
            queued[q, i] -= size
            return
        }
        size -= queued[q, i]
        first_in[q] = i
    }
}

# Where the bytes come from that are read from o.
function origin(o) {
    return kind_of[o] == "eventfd" ? o : o in peer ? peer[o] : 0
}

function on_join(o, q,    client, server) {
    server = o in accepted ? o : q
    client = server == o ? q : o
    if (server in accepted && client in connected_at)
        arrow(connected_at[client], accepted[server], "connection", "")
}

function is_stream(o) {
    return kind_of[o] ~ /^(connection|channel|pipe|eventfd)$/
}

function show_string(text) {
    if (length(text) > 30)
        text = substr(text, 1, 28) "\"..."
    return text
}

function in_words(o,    words) {
    words = name_of[o]
    sub(/, ((server|client).s end|end [ab])$/, "", words)
    return words
}

function in_trains(words, size, text) {
    return (words == "" ? "" : ": " words) \
        (words ~ /cargo/ && size < 40 && text ~ /^"/ ? " " show_string(text) : "")
}

# sent(o, size, text): the call at hand gave size bytes to o.
function sent(o, size, text, more,    e, words) {
    file = o
    if (!is_stream(o)) {
        event(2, "file", name " " size " bytes to " in_words(o) \
            (text ~ /^"/ ? ": " show_string(text) : ""))
        return
    }
    words = kind_of[o] == "connection" ? take_trains(o, size, text) : ""
    e = event(text ~ /nobody/ ? 2 : 1, kind_of[o] == "connection" ? "bytes" : "channel", \
        name "(" fd_used ") " (size < bulk && text ~ /^"/ && words == "" ? \
        show_string(text) : size " bytes" in_trains(words, size, text)) more, \
        kind_of[o] == "connection" ? size : 0)
    used[l, o] = 1
    worked[o] = e
    put(o, e, size)
}

# got(o, size, text): it took size bytes from o; 0 is the end.
function got(o, size, text, more,    e, words) {
    file = o
    used[table_of[l], o] = 1
    if (!is_stream(o)) {
        event(o in noisy ? 3 : 2, "file", name " " (size ? size " bytes" : "end") " of " in_words(o))
        return
    }
    words = kind_of[o] == "connection" && size > 0 ? take_trains("read from " o, size, text) : ""
    if (size > 0 || ended == "") {
        e = event(1, kind_of[o] == "connection" ? "bytes" : "channel", \
            name "(" fd_used ") " (ended == "" ? "still waiting" : \
            size < bulk && text ~ /^"/ && words == "" ? show_string(text) : \
            size " bytes" in_trains(words, size, text)) more, \
            kind_of[o] == "connection" ? size : 0)
        take(origin(o), e, size, "bytes", "")
    } else {
        e = event(seen_end[l, o]++ ? 2 : 1, "end", name "(" fd_used ") = 0: " \
            (kind_of[o] == "connection" ? "the client sends no more" : "the channel has ended"))
        if (o in peer && lane_at[e] == l && kind_of[o] == "connection" && !(o in accepted))
            text_of[e] = name "(" fd_used ") = 0: the server sends no more"
        if (kind_of[o] == "pipe")
            text_of[e] = name "(" fd_used ") = 0: the end"
        arrow(peer[o] in closed_at ? closed_at[peer[o]] : shut_at[peer[o]], e, "end", "")
    }
    if (size > 0)
        worked[o] = e
    if (ended == "")
        check_stuck(e, o)
}

function text_argument(word) {
    if (match(word, /iov_base="([^"\\]|\\.)*"/))
        return substr(word, RSTART + 9, RLENGTH - 9)
    return word
}

function on_transfer(    o, q, word, i, n, fd, e, note) {
    if (failed) {
        on_failure(look(p, a[1]))
        return
    }
    if (name == "sendfile" || name == "splice") {
        o = look(p, name == "splice" ? a[3] : a[1])
        q = look(p, name == "splice" ? a[1] : a[2])
        if (is_stream(q) && kind_of[q] != "pipe") {
            fd_used = a[1] + 0
            got(q, value, "")
        } else if (is_stream(o)) {
            fd_used = (name == "splice" ? a[3] : a[1]) + 0
            sent(o, value, "", kind_of[q] == "file" ? " of " name_of[q] : "")
        } else
            event(2, "file", name " " value " bytes to " in_words(o))
        return
    }
    o = look(p, a[1])
    fd_used = a[1] + 0
    if (name == "sendmsg" && match(args, /cmsg_data=\[[^]]*/)) {
        send_descriptors(o)
        return
    }
    if (name == "recvmsg" && args ~ /SCM_RIGHTS/) {
        receive_descriptors(o)
        return
    }
    if (name == "recvmsg" && args ~ /MSG_CTRUNC/)
        find(events + 1, lane_name[l] " receives a message whose descriptor is" \
            " lost (MSG_CTRUNC): it has no room for one")
    if (name ~ /^(write|send|pwrite)/)
        sent(o, value, text_argument(a[2]))
    else
        got(o, value, text_argument(a[2]))
}

# descriptors(words): the array word, from cmsg_data=[8<...>, 9<...>]; how many.
function descriptors(text,    n, i, at) {
    n = 0
    at = match(text, /SCM_RIGHTS, cmsg_data=\[/)
    text = substr(text, RSTART + RLENGTH)
    while (match(text, /^(, )?[0-9]+/)) {
        sub(/^, /, "", text)
        i = text ~ /^[0-9]+</ ? skip_decoration(text, index(text, "<")) : match(text, /[^0-9]/) - 1
        word[++n] = substr(text, 1, i)
        text = substr(text, i + 1)
    }
    return n
}

function send_descriptors(channel,    n, i, e, o) {
    n = descriptors(args)
    file = channel
    e = event(1, "descriptor", "")
    for (i = 1; i <= n; i++) {
        o = look(p, word[i])
        holders[o]++ # it is on its way
        travelling[channel, ++posted[channel]] = o
        travel_event[channel, posted[channel]] = e
        travel_fd[channel, posted[channel]] = word[i] + 0
        passed_by[o, p] = e
        text_of[e] = text_of[e] (i > 1 ? ", " : "") "fd " (word[i] + 0) " (" in_words(o) ")"
        used[p, o] = 1
    }
    text_of[e] = "sendmsg(" fd_used ") " text_argument(args) " with " text_of[e]
    used[p, channel] = 1
    put(channel, e, value)
}

function receive_descriptors(channel,    n, i, e, o, q) {
    n = descriptors(args)
    file = channel
    q = peer[channel]
    e = event(1, "descriptor", "")
    used[p, channel] = 1
    for (i = 1; i <= n; i++) {
        o = 0
        if (q && collected[q] < posted[q]) {
            o = travelling[q, ++collected[q]]
            arrow(travel_event[q, collected[q]], e, "descriptor", \
                "fd " travel_fd[q, collected[q]] " becomes fd " (word[i] + 0))
            drawn[travel_event[q, collected[q]], e] = 1
        }
        if (o) {
            hold(p, word[i] + 0, o, args !~ /MSG_CMSG_CLOEXEC/)
            holders[o]--
        } else
            o = look(p, word[i])
        text_of[e] = text_of[e] (i > 1 ? ", " : "") "it is fd " (word[i] + 0) " here"
    }
    text_of[e] = "recvmsg(" fd_used ") " text_argument(args) " with " in_words(o) ": " text_of[e]
    if (q)
        take(q, e, value, "bytes", "")
}

function on_failure(o,    e) {
    file = o
    fd_used = a[1] + 0
    used[p, o] = 1
    e = event(error ~ /EAGAIN|EINTR|ERESTART/ ? 2 : 1, error ~ /EAGAIN|EINTR|ERESTART/ ? \
        "wait" : "error", name "(" fd_used "): " error)
    if (error ~ /EPIPE|ECONNRESET/ && kind_of[o] == "connection")
        find(e, lane_name[l] " cannot go on with " in_words(o) ": " error)
    if (error ~ /EBADF|ENOTSOCK/)
        find(e, lane_name[l] " uses fd " fd_used ", which is not open here: " error)
}
