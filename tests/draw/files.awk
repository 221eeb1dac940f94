# files.awk: who holds which descriptors, and which of them are one open file.
#
# A descriptor is a number in a table of its process; what it stands for is an
# open file ("open file description" in open(2)), here a number o:
#
#   file_at[p, fd]   the open file, p being the lane of the process
#   kept[p, fd]      1 if it stays open in exec
#   top[p]           the largest fd so far
#   holders[o]       how many descriptors there are of it, those on their way
#                    through a channel included
#   kind_of[o]       connection, listener, socket, channel, pipe, eventfd, epoll ...
#   name_of[o]       for people
#   peer[o]          the open file at the other end
#
# strace -yy says behind each descriptor what it is: 3<TCP:[a:1->b:2]>.

function kind_from(what) {
    if (what ~ /^(TCP|TCPv6|UNIX[-A-Z]*):\[.*->/)
        return what ~ /^TCP/ ? "connection" : "channel"
    if (what ~ /^(TCP|TCPv6|UDP|UNIX|socket|NETLINK)/)
        return "socket"
    if (what ~ /^pipe:/)
        return "pipe"
    if (match(what, /^anon_inode:\[?[a-z]+/)) {
        sub(/^anon_inode:\[?/, "", what)
        sub(/\].*/, "", what)
        return what == "eventpoll" ? "epoll" : what
    }
    return "file"
}

function short_name(what) {
    if (what ~ /<char/)
        return "the terminal or a device"
    sub(/.*\//, "", what)
    return what == "" ? "a file" : what
}

# new_file(kind, name): an open file that comes into being.
function new_file(kind, name) {
    files++
    kind_of[files] = kind
    name_of[files] = name
    holders[files] = 0
    return files
}

# new_pair(kind): two ends joined to each other; the first of them.
function new_pair(kind,    o) {
    pairs[kind]++
    o = new_file(kind, kind " " pairs[kind] (kind == "pipe" ? ", read end" : ", end a"))
    new_file(kind, kind " " pairs[kind] (kind == "pipe" ? ", write end" : ", end b"))
    peer[o] = o + 1
    peer[o + 1] = o
    return o
}

# learn(o, what): strace knows more of a socket than when it was made.  Two ends
# of a connection find each other by their addresses.
function learn(o, what,    addresses, end, i) {
    if (what == known[o])
        return
    if (what ~ /^UNIX.*->/)
        learn_channel(o, what)
    if (what !~ /^TCP.*->/)
        return
    known[o] = what
    kind_of[o] = "connection"
    addresses = substr(what, index(what, "[") + 1)
    addresses = substr(addresses, 1, length(addresses) - 1)
    i = index(addresses, "->")
    address_of[o] = substr(addresses, i + 2)
    end[1] = substr(addresses, 1, i - 1)
    end[2] = substr(addresses, i + 2)
    at_address[end[1], end[2]] = o
    if ((end[2], end[1]) in at_address && !(o in peer))
        join(o, at_address[end[2], end[1]])
    else if (!(o in number_of)) {
        number_of[o] = ++connections
        name_of[o] = "connection " number_of[o]
    }
}

# learn_channel(o, what): UNIX-STREAM:[its own number->that of the other end].  One
# that was made under our eyes has its peer.
function learn_channel(o, what,    number) {
    known[o] = what
    if (o in peer)
        return
    number = substr(what, index(what, "[") + 1)
    kind_of[o] = name_of[o] = "channel"
    numbered[number + 0] = o
    number = substr(number, index(number, "->") + 2) + 0
    if (number in numbered) {
        peer[o] = numbered[number]
        peer[peer[o]] = o
    }
}

# join(o, q): they are the two ends of one connection.
function join(o, q) {
    peer[o] = q
    peer[q] = o
    if (!(o in number_of))
        number_of[o] = number_of[q]
    name_of[o] = "connection " number_of[q] (o in accepted ? ", server's end" : ", client's end")
    name_of[q] = "connection " number_of[q] (q in accepted ? ", server's end" : ", client's end")
    on_join(o, q)
}

# hold(p, fd, o): enter a descriptor in the table of p; o = 0 takes it out.
function hold(p, fd, o, keep,    old) {
    old = (p, fd) in file_at ? file_at[p, fd] : 0
    if (old) {
        delete file_at[p, fd]
        if (--holders[old] == 0)
            on_last_close(old)
    }
    if (o) {
        file_at[p, fd] = o
        kept[p, fd] = keep
        holders[o]++
        if (fd > top[p])
            top[p] = fd
    }
    if (old != o && !(o in noisy) && !(old in noisy))
        print_hold(p, fd, o)
}

# look(p, word): the open file of a descriptor as strace prints it: 3<...>.  What
# was there before strace came is met here for the first time.
function look(p, word,    fd, what, o) {
    if (word !~ /^[0-9]+(<|$)/)
        return 0
    fd = word + 0
    what = decoration(word)
    if ((p, fd) in file_at) {
        o = file_at[p, fd]
        if (what == "" || kind_from(what) == kind_of[o] ||
            kind_of[o] ~ /^(socket|listener|connection|channel)$/) {
            learn(o, what)
            return o
        }
    }
    if (what == "")
        return 0
    # A socket that somebody else has, too.
    if (what in found && kind_from(what) ~ /^(connection|channel|socket)$/)
        o = found[what]
    else {
        o = new_file(kind_from(what), short_name(what))
        if (kind_from(what) == "pipe")
            name_of[o] = fd == 0 ? "standard input" : fd <= 2 ? "output" : "a pipe"
        else if (kind_from(what) ~ /^(channel|socket)$/)
            name_of[o] = "a " kind_from(what)
        found[what] = o
        learn(o, what)
    }
    hold(p, fd, o, fd <= 2)
    return o
}

# copy_table(from, to): what fork does.
function copy_table(from, to,    fd) {
    top[to] = top[from]
    for (fd = 0; fd <= top[from]; fd++)
        if ((from, fd) in file_at) {
            hold(to, fd, file_at[from, fd], kept[from, fd])
            inherited[to, fd] = 1
        }
}

# drop_table(p, only_unkept): at the end of a process, and at exec.
function drop_table(p, only_unkept,    fd) {
    for (fd = 0; fd <= top[p]; fd++)
        if ((p, fd) in file_at && !(only_unkept && kept[p, fd]))
            hold(p, fd, 0)
}

# has(p, o): does p have a descriptor of it?
function has(p, o,    fd) {
    for (fd = 0; fd <= top[p]; fd++)
        if ((p, fd) in file_at && file_at[p, fd] == o)
            return 1
    return 0
}

# who_holds(o): "server as fd 8, child 2 as fd 5".
function who_holds(o,    p, fd, text) {
    for (p = 1; p <= lanes; p++)
        for (fd = 0; fd <= top[p]; fd++)
            if ((p, fd) in file_at && file_at[p, fd] == o)
                text = text (text == "" ? "" : ", ") lane_name[p] " as fd " fd
    return text
}

# other_holders(o, p): the lanes besides p that have it.
function other_holders(o, p,    q, text) {
    for (q = 1; q <= lanes; q++)
        if (q != p && has(q, o))
            text = text (text == "" ? "" : ", ") lane_name[q]
    return text
}
