# text.awk: the diagram for a terminal. A column for each process or thread, time
# downwards:
#
#   o  does something    |  runs    :  waits in a system call
#   z  is a zombie       *  begins  x  ends
#   -->  gives something to another one: a client, a descriptor, bytes, a signal
#
# -v width=COLUMNS  -v colour=yes  -v all=yes (every call)  -v plain=yes (no numbers
# that differ from run to run)

BEGIN { FS = "\t" }

$1 == "event" {
    e = $2
    lane_at[e] = $3; began[e] = $4; effect[e] = $5; ended[e] = $6
    level[e] = $7; kind[e] = $8; slept[e] = $10; text[e] = $12; source[e] = $14
    events = e
}
$1 == "arrow" { into[$3] = into[$3] " " $2; towards[$2, $3] = 1 }
$1 == "state" {
    changes[$2] = changes[$2] " " $3 "=" $4
    if ($4 == "alive")
        born[$3] = 1
}
$1 == "lane" { lanes = $2; pid[$2] = $3; parent[$2] = $4; name[$2] = $6 }
$1 == "finding" { note[++notes] = $3; at[notes] = $2; marked[$2] = 1 }

function shown(e) {
    return level[e] == 1 || (all && level[e] == 2)
}

# Lanes in the order of the columns: those that others made stand right of them.
function place(l,    i) {
    column[++columns] = l
    where[l] = columns
    for (i = 1; i <= lanes; i++)
        if (parent[i] == l)
            place(i)
}

function paint(code, s) {
    return colour ? "\033[" code "m" s "\033[0m" : s
}

function update_waits(e,    l) {
    for (l = 1; l <= lanes; l++) {
        while (next_of[l] && next_of[l] <= e)
            next_of[l] = after[next_of[l]]
    }
}

# In which call is l between this event and its next one?
function waits(l, e,    n) {
    n = next_of[l]
    if (!n)
        return 0
    return slept[n] && began[n] <= effect[e]
}

function row(e,    i, l, from, to, c, cells, origin, n, word, lo, hi, arrowed, ch, gap) {
    l = lane_at[e]
    n = split(into[e], word, " ")
    origin = 0
    for (i = 1; i <= n; i++)
        if (lane_at[word[i]] != l)
            origin = lane_at[word[i]]
    from = origin ? where[origin] : where[l]
    to = where[l]
    lo = from < to ? from : to
    hi = from < to ? to : from
    for (c = 1; c <= columns; c++) {
        i = column[c]
        if (i == l)
            ch = marked[e] ? "!" : ending[e] ? "x" : "o"
        else if (forked[e] == i)
            ch = "*"
        else if (state[i] == "")
            ch = " "
        else if (state[i] == "gone")
            ch = " "
        else if (state[i] == "zombie")
            ch = "z"
        else
            ch = waits(i, e) ? ":" : "|"
        gap = "  "
        if (lo != hi && c >= lo && c < hi)
            gap = c == hi - 1 && to == hi ? "->" : c == lo && to == lo ? "<-" : "--"
        if (lo != hi && c > lo && c < hi && ch ~ /[ |:]/)
            ch = ch == " " ? "-" : "+"
        if (ch == "!")
            ch = paint("1;31", ch)
        else if (ch == "o" || ch == "x" || ch == "*")
            ch = paint("1", ch)
        else if (ch == ":" || ch == "z")
            ch = paint(ch == "z" ? "1;31" : "33", ch)
        cells = cells ch (gap ~ /[-<>]/ ? paint("36", gap) : gap)
    }
    line = (plain ? "" : sprintf("%7.3f ", effect[e])) cells
    used_width = (plain ? 0 : 8) + 3 * columns
    words = name[l] ": " text[e]
    if (all && source[e] != "" && !plain)
        words = words "   " source[e]
    if (plain) {
        gsub(/\[[0-9]+\]/, "[N]", words)
        gsub(/127\.0\.0\.1:[0-9]+/, "127.0.0.1:N", words)
        gsub(/process [0-9]+/, "process N", words)
    }
    if (length(words) > width - used_width && width - used_width > 8)
        words = substr(words, 1, width - used_width - 3) "..."
    print line (marked[e] ? paint("1;31", words) : words)
}

END {
    for (l = 1; l <= lanes; l++)
        if (!parent[l] && name[l] !~ /^server/)
            place(l)
    for (l = 1; l <= lanes; l++)
        if (!parent[l] && name[l] ~ /^server/)
            place(l)
    for (e = events; e >= 1; e--) {
        after[e] = next_of[lane_at[e]]
        next_of[lane_at[e]] = e
    }
    for (l = 1; l <= lanes; l++)
        if (!(l in born))
            first[next_of[l]] = first[next_of[l]] " " l
    for (c = 1; c <= columns; c++) {
        line = plain ? "" : sprintf("%8s", "")
        for (i = 1; i < c; i++)
            line = line "|  "
        print line name[column[c]] (plain ? "" : " (" pid[column[c]] ")")
    }
    for (e = 1; e <= events; e++) {
        n = split(first[e], word, " ")
        for (i = 1; i <= n; i++)
            state[word[i]] = "alive"
        n = split(changes[e], word, " ")
        for (i = 1; i <= n; i++) {
            split(word[i], part, "=")
            if (part[2] == "alive")
                forked[e] = part[1]
            if (part[1] == lane_at[e])
                ending[e] = 1
        }
        update_waits(e)
        if (shown(e))
            row(e)
        for (i = 1; i <= n; i++) {
            split(word[i], part, "=")
            state[part[1]] = part[2]
        }
    }
    if (notes)
        print paint("1;31", "What stands out:")
    for (i = 1; i <= notes; i++)
        print "  ! " note[i]
    print ""
}
