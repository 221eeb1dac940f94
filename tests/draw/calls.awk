# calls.awk: from the lines that `strace -f -ttt -T -yy [-k]` prints to one line
# for each system call, with its beginning and its end.
#
#     awk -f calls.awk TRACE... | sort -s -n -k 1,1 | awk -f events.awk
#
# strace cuts a call in two where another process is heard in between,
#     12 1.0 read(3<...>,  <unfinished ...>
#     13 1.1 close(4) = 0 <0.000010>
#     12 1.2 <... read resumed>"hello", 512) = 5 <0.200000>
# Here the halves are put together again.  Each TRACE is named after the process
# that it begins with: client1, server.
#
# Output, separated by tabs: moment of effect, begin, end (empty: it has none),
# pid, name, arguments (separated by \001), result, stack, the line as strace
# printed it, name of the trace if this is its first line.  Times are seconds
# since the first line of all.  For a signal the name is "---", for an end "+++".
#
# A call that gives (a send, a close, a fork) has its effect when it begins, one
# that takes (a receive, an accept) when it ends: so what is taken was always
# given before, whichever line strace printed first.

BEGIN {
    FS = "\n"
    slack = 0.0005 # seconds
    n = split("write writev pwrite64 send sendto sendmsg sendfile splice" \
        " close close_range shutdown connect listen clone clone3 fork vfork" \
        " kill tkill tgkill exit exit_group rt_sigreturn", words, " ")
    for (i = 1; i <= n; i++)
        gives[words[i]] = 1
}

# split_call(s): set name, args and result from "name(args) = result".
function split_call(s,    i, c, depth, piece, start) {
    start = index(s, "(")
    name = substr(s, 1, start - 1)
    args = piece = result = ""
    depth = 0
    for (i = start + 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\"") {
            start = i++
            while (i <= length(s) && (c = substr(s, i, 1)) != "\"")
                i += c == "\\" ? 2 : 1
            piece = piece substr(s, start, i - start + 1)
            continue
        }
        if (c == "<" && substr(s, i - 1, 1) ~ /[0-9D]/) { # D of AT_FDCWD
            start = i
            i = skip_decoration(s, i)
            piece = piece substr(s, start, i - start + 1)
            continue
        }
        if (c ~ /[[({]/)
            depth++
        else if (c ~ /[])}]/ && --depth < 0)
            break
        if (c == "," && depth == 0) {
            args = args piece "\001"
            piece = ""
            i++ # the blank
        } else
            piece = piece c
    }
    args = args piece
    result = substr(s, i + 1)
    sub(/^ *= */, "", result)
}

function seconds(t) {
    return t == "" ? "" : sprintf("%.6f", t)
}

# flush(): print the call that is complete; its stack has been read by now.
function flush(    i) {
    if (!complete)
        return
    moment_of[++lines] = effect
    if (!(name in gives) && ended != "" && name !~ /^[-+]/)
        late[pid] = lines
    order[lines] = seconds(began) "\t" seconds(ended) \
        "\t" pid "\t" name "\t" args "\t" result
    rest_of[lines] = raw "\t" root
    stack_of[lines] = stack
    complete = 0
    root = ""
}

# call(text, t0): a whole call that began at t0.
function call(text, t0,    at) {
    took = ""
    if (match(text, / <[0-9]+\.[0-9]+>$/)) {
        took = substr(text, RSTART + 2, RLENGTH - 3)
        text = substr(text, 1, RSTART - 1)
    }
    split_call(text)
    began = t0
    ended = took != "" ? t0 + took : name ~ /^exit/ ? t0 : ""
    effect = name in gives ? began : ended == "" ? began : ended
    # A number that comes again belongs to the old process until that is gone.
    if (name ~ /^(clone3?|v?fork)$/ && (result + 0) in gone &&
        gone[result + 0] > began && gone[result + 0] <= ended)
        effect = gone[result + 0]
    complete = 1
}

FNR == 1 {
    flush()
    root = FILENAME
    sub(/.*\//, "", root)
    sub(/\.trace$/, "", root)
}

/^ > / { # a line of the stack; the innermost function comes first
    stack = stack (stack == "" ? "" : "\001") substr($0, 4)
    next
}

!/^[0-9]+ +[0-9]+\.[0-9]+ / { next }

{
    flush()
    gsub(/\t/, " ")
    raw = $0
    stack = ""
    match($0, /^[0-9]+ +/)
    pid = substr($0, 1, RLENGTH) + 0
    text = substr($0, RLENGTH + 1)
    match(text, / +/)
    stamp = substr(text, 1, RSTART - 1)
    text = substr(text, RSTART + RLENGTH)
    # The whole seconds apart: a double has no room for all the digits.
    split(stamp, part, ".")
    if (base == "")
        base = part[1]
    now = part[1] - base + ("0." part[2])
    # The durations leave out what strace itself needs to look at arguments, so
    # beginning and duration add up to a moment that is too early.
    if (pid in late) {
        moment_of[late[pid]] += slack
        if (moment_of[late[pid]] > now)
            moment_of[late[pid]] = now
        delete late[pid]
    }
}

text ~ /^---/ || text ~ /^\+\+\+/ {
    if (text ~ /^\+\+\+/ && (pid in half)) { # it ends in the middle of a call
        end_raw = raw
        raw = half_raw[pid]
        root = half_root[pid]
        call(half[pid] ") = ?", half_began[pid])
        ended = effect = now
        delete half[pid]
        flush()
        raw = end_raw
    }
    name = substr(text, 1, 3)
    args = substr(text, 5, length(text) - 8)
    result = ""
    began = ended = effect = now
    if (name == "+++") {
        gone[pid] = now
        if (pid in dying) # since it called exit, or the signal came
            effect = dying[pid]
        delete dying[pid]
    } else
        dying[pid] = now
    complete = 1
    next
}

!/ (---|\+\+\+) / {
    if (text ~ /^exit(_group)?\(/)
        dying[pid] = now
    else if (text !~ /^<\.\.\. exit/)
        delete dying[pid]
}

text ~ /<(unfinished|detached) \.\.\.>$/ {
    sub(/ ?<(unfinished|detached) \.\.\.>$/, "", text)
    half[pid] = text
    half_began[pid] = now
    half_raw[pid] = raw
    half_root[pid] = root
    root = ""
    next
}

text ~ /^<\.\.\. [a-z0-9_?]+ resumed>/ {
    match(text, /resumed>/)
    text = substr(text, RSTART + RLENGTH)
    if (!(pid in half))
        next # attached in the middle of it
    sub(/^ +\)/, ")", text)
    root = half_root[pid]
    raw = half_raw[pid]
    sub(/ ?<unfinished \.\.\.>$/, "", raw)
    raw = raw text
    call(half[pid] text, half_began[pid])
    if (effect == ended)
        effect = now
    ended = now
    delete half[pid]
    next
}

text ~ /^[a-z0-9_]+\(/ {
    call(text, now)
}

END {
    flush()
    # Who is in a call to the last has no second half.
    for (p in half) {
        pid = p
        split_call(half[p])
        raw = half_raw[p]
        root = half_root[p]
        began = effect = half_began[p]
        ended = stack = ""
        complete = 1
        flush()
    }
    for (i = 1; i <= lines; i++)
        print seconds(moment_of[i]) "\t" order[i] "\t" stack_of[i] "\t" rest_of[i]
}
