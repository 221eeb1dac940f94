# strings.awk: what strace prints behind a descriptor: 3</tmp/x>,
# 3</dev/null<char 1:3>>, 3<TCP:[a:1->b:2]>.

# skip_decoration(s, i): s has "<" at i.  The place of the ">" that ends it.
function skip_decoration(s, i,    rest, at) {
    rest = substr(s, i)
    if (rest ~ /^<[A-Za-z0-9_-]+:\[/)
        at = index(rest, "]>") + 1
    else {
        at = index(rest, ">")
        if (substr(rest, 2, at) ~ /<(char|block) [0-9:]+>>/)
            at++
    }
    return at > 1 ? i + at - 1 : i
}

# decoration(word): what stands in the brackets.
function decoration(word) {
    if (!match(word, /^[0-9A-Z_]+</))
        return ""
    return substr(word, RLENGTH + 1, length(word) - RLENGTH - 1)
}
