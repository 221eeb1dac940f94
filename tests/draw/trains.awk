# trains.awk: find the trains (a length of 4 bytes, then so much cargo) in the
# bytes that are sent on a connection.
#
#   cargo_left[o]    bytes that are still to come of the train under way
#   head[o], head_n[o]  the length, as far as it has come
#   lost[o]          it is not known where a train begins (strace shows only the
#                    first bytes of each call)

# bytes(text): the C string "a\n\0" that strace prints as numbers in byte[1] ...;
# returns how many they are.
function bytes(text,    i, n, c, code) {
    n = 0
    for (i = 2; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "\"")
            break
        if (c != "\\") {
            byte[++n] = 64 # what it is does not matter, but it is not 0
            if (c in small)
                byte[n] = small[c]
            continue
        }
        c = substr(text, ++i, 1)
        if (c ~ /[0-7]/) {
            code = c
            while (length(code) < 3 && substr(text, i + 1, 1) ~ /[0-7]/)
                code = code substr(text, ++i, 1)
            byte[++n] = substr(code, length(code), 1) + \
                8 * substr(code, length(code) - 1, 1) * (length(code) > 1) + \
                64 * substr(code, 1, 1) * (length(code) > 2)
        } else
            byte[++n] = index("abtnvfr", c) ? index("abtnvfr", c) + 6 : 92
    }
    return n
}

# What is not escaped is a printable character.
function fill_small(    i) {
    for (i = 32; i < 127; i++)
        small[sprintf("%c", i)] = i
}

# take_trains(o, size, text): size bytes were sent on o, of which text (in quotes)
# shows the first.  Returns what they are, in words.
function take_trains(o, size, text,    at, visible, words, part) {
    visible = text ~ /^"/ ? bytes(text) : 0
    if (!(o in speaks)) {
        speaks[o] = visible > 0 && byte[1] == 0
        if (o in peer)
            speaks[peer[o]] = speaks[o]
    }
    if (!speaks[o] || lost[o])
        return ""
    for (at = 0; at < size;) {
        if (cargo_left[o] > 0) {
            part = size - at < cargo_left[o] ? size - at : cargo_left[o]
            at += part
            cargo_left[o] -= part
            words = words (words == "" ? "" : ", ") "cargo" \
                (cargo_left[o] > 0 ? ", " cargo_left[o] " to come" : "")
        } else if (at < visible) {
            head[o] = head[o] * 256 + byte[++at]
            if (++head_n[o] == 4) {
                cargo_left[o] = head[o]
                words = words (words == "" ? "" : ", ") (head[o] == 0 ? \
                    "an empty train" : "train of " head[o])
                head[o] = head_n[o] = 0
            }
        } else {
            lost[o] = 1
            return words
        }
    }
    return words
}
