# cut.awk: take the body of a function out of a C file in the house format: its
# name begins a line, { and } stand alone at the begin of theirs.
#
#   awk -v name=queue_pop -v stub=FILE -f cut.awk queue.c   put FILE in its place
#   awk -v name=queue_pop -v mode=body -f cut.awk queue.c   print the body only
#   awk -v name=queue_pop -v mode=delete -f cut.awk queue.c without the function
#
# Status 1 if there is no such function.

function put_stub(   line) {
    while ((getline line < stub) > 0)
        print line
}

# The line before the name, its type, is held back until we know what follows.
function release() {
    if (held)
        print last
    held = 0
}

!inside && index($0, name "(") == 1 {
    inside = 1
    found = 1
    if (mode != "delete") {
        if (mode != "body")
            release()
    }
    held = 0
}
inside && $0 == "{" { body = 1; if (mode == "") { print; put_stub() }; next }
inside && $0 == "}" {
    inside = body = 0
    if (mode == "")
        print
    next
}
inside && body { if (mode == "body") print; next }
inside { if (mode == "") print; next }
mode == "body" { next }
{ release(); last = $0; held = 1 }
END { if (mode != "body") release(); exit !found }
