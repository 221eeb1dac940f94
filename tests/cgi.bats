#!/usr/bin/env bats
# cgi.bats: a pool whose service is HTTP: programs of a folder are run.
#
# Most tests write a small program into the folder $CGI and ask for it, by evil
# (see evil.c), which can say what no browser would; some by curl and git.

# shellcheck disable=SC2016 # the programs are full of dollars
# shellcheck disable=SC2034,SC2153,SC2154 # helpers.bash or run sets or reads it

load helpers

setup() {
    set +T # Bats follows every command: not those of functions, to save time
    CGI=$BATS_TEST_TMPDIR/cgi
    SAMPLES=$STAGE_DIR/cgi/cgi-bin
    mkdir "$CGI"
}

# program NAME [LINE...]: write a program for sh; without lines, standard input.
program() {
    {
        echo '#!/bin/sh'
        if [ $# -gt 1 ]; then
            printf '%s\n' "${@:2}"
        else
            cat
        fi
    } >"$CGI/$1"
    chmod +x "$CGI/$1"
}

# The beginning of a program that answers with a text.
text='echo Content-Type: text/plain; echo'

start_cgi() {
    start_server --directory "$CGI" "$@"
}

# talk STEP...: let evil play this, and receive all; sets output and lines, from
# which the CRs are gone.
talk() {
    run evil "$@" recv-all
    assert_success
    output=$(tr -d '\r' <<<"$output")
    mapfile -t lines <<<"$output"
}

# get TARGET [LINE...]: a GET with these header lines.
get() {
    local fields=''
    [ $# -eq 1 ] || fields=$(printf '%s\\r\\n' "${@:2}")
    talk "send:GET $1 HTTP/1.0\r\n$fields\r\n"
}

# post TARGET TEXT: a POST with this body.
post() {
    talk "send:POST $1 HTTP/1.0\r\nContent-Length: ${#2}\r\n\r\n$2"
}

assert_status() {
    [[ $output == "HTTP/1.1 $1 "* ]] ||
        explain "expected a reply with status $1, got: $output"
}

# The body of the reply must be this.
assert_body() {
    assert_status 200
    assert_is "the body of the reply" "$1" "${output#*$'\n\n'}"
}

# assert_reply STATUS TEXT: this status for a request that is just this.
assert_reply() {
    talk "send:$2"
    [[ $output == "HTTP/1.1 $1 "* ]] ||
        explain "expected status $1 for: $2" "got: $output"
}

need_curl() {
    command -v curl >/dev/null || skip "curl is not here"
}

# fetch_by_curl NAME [ARG...]: print what the program says.
fetch_by_curl() {
    curl --silent --show-error --max-time $((20 * TIMEOUT_SCALE)) "${@:2}" \
        "http://$SERVER_ADDRESS:$SERVER_PORT/cgi-bin/$1" 3>&-
}

# group_is_over FILE: is there nobody left in the group whose number is there?
group_is_over() {
    [ -s "$1" ] && ! pgrep -g "$(cat "$1")" --runstates R,S,D,T >/dev/null
}

assert_group_goes() {
    in_time 5 group_is_over "$CGI/group" ||
        explain "the program should be gone with its group, but these are left:" \
            "$(ps -o pid,pgid,stat,args -g "$(cat "$CGI/group")")"
}

# ---- The command line

@test "--help prints every option on standard output" {
    local option
    run --separate-stderr run_server --help
    assert_success
    assert_is "on standard error" '' "$stderr"
    assert_line --index 0 "Usage: $SERVER [OPTION]..."
    for option in '-a, --address' '-p, --port' '-t, --timeout' '-w, --workers' \
        '-d, --directory' '-c, --cgi-timeout' '-h, --help'; do
        assert_output --partial "  $option"
    done
    assert_is "lines of --help with more than 80 columns" '' \
        "$(grep -E '.{81}' <<<"$output")"
}

@test "wrong usage is refused with status 2 and a hint [fault 15]" {
    local words
    for words in --nosuch extra '--cgi-timeout 1s' '--cgi-timeout -1' \
        '--timeout x' '--port 65536' '--workers 0' --directory; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr run_server --port 0 $words
        [[ $status -eq 2 && -z $output ]] ||
            explain "'$words' is wrong usage: expected status 2, got" \
                "$(status_text "$status"), and $(said "$output$stderr")"
        assert_regex "${stderr_lines[0]}" "^$SERVER: .*${words##* }"
        assert_regex "${stderr_lines[1]}" "$SERVER --help"
    done
}

@test "a folder that is not there, or a port in use, ends the server [fault 13]" {
    cd "$CGI"
    run run_server --port 0
    assert_failure 1
    assert_output "$SERVER: ./cgi-bin: No such file or directory"
    start_cgi
    run run_server --port "$SERVER_PORT" --directory "$CGI"
    assert_failure 1
    assert_output \
        "$SERVER: bind 127.0.0.1:$SERVER_PORT: Address already in use"
}

@test "the folder is ./cgi-bin by default" {
    cd "$CGI"
    mkdir cgi-bin
    CGI=$CGI/cgi-bin program where "$text; pwd"
    start_server
    get /cgi-bin/where
    assert_body "$CGI/cgi-bin"
}

# ---- Requests and replies

@test "the samples answer curl, and what is sent to them comes back as it should" {
    need_curl
    [ -d "$SAMPLES" ] || skip "no samples here"
    start_server --directory "$SAMPLES"
    run fetch_by_curl 'hello?<b>you' -i
    assert_success
    assert_line --index 0 $'HTTP/1.1 200 OK\r'
    assert_line $'Content-Type: text/plain\r'
    assert_line $'Connection: close\r'
    assert_line --regexp '^Hello, <b>you! Process [0-9]+ '
    run fetch_by_curl hello
    assert_output --partial 'Hello, stranger!'
    seq 100000 >"$BATS_TEST_TMPDIR/body"
    run fetch_by_curl count --data-binary "@$BATS_TEST_TMPDIR/body"
    assert_output --regexp '^ *100000 +100000 +588895$'
    run fetch_by_curl count -i
    assert_line --index 0 $'HTTP/1.1 405 Method Not Allowed\r'
    wait_for_log 'client .*: 200 OK: GET /cgi-bin/hello'
}

@test "the pool is the same: a few workers, a process for each request" {
    program pid "$text; echo \$PPID \$\$"
    start_cgi --workers 2
    local i workers pids=() parent pid
    workers=$(children "$SERVER_PID")
    for i in 1 2 3 4; do
        get /cgi-bin/pid
        read -r parent pid <<<"${output##*$'\n'}"
        grep -qx "$parent" <<<"$workers" || explain \
            "a program should be the child of a worker, but its parent is $parent;" \
            "the workers are" "$workers"
        pids+=("$pid")
    done
    assert_is "processes that served 4 requests" 4 \
        "$(printf '%s\n' "${pids[@]}" | sort -u | wc -l)"
}

@test "a body of 20 MiB goes to a program and back, byte for byte, in little memory" {
    need_curl
    local worker
    program copy 'echo Content-Type: application/octet-stream; echo; exec cat'
    start_cgi --workers 1
    worker=$(children "$SERVER_PID")
    head -c 20971520 /dev/urandom >"$BATS_TEST_TMPDIR/body"
    fetch_by_curl copy --data-binary "@$BATS_TEST_TMPDIR/body" -o "$BATS_TEST_TMPDIR/back"
    cmp "$BATS_TEST_TMPDIR/body" "$BATS_TEST_TMPDIR/back"
    [ -z "${WRAP-}" ] || return 0
    [ "$(memory VmHWM "$worker")" -lt 100000 ] || # a sanitizer needs some by itself
        explain "a body of 20 MiB went through a worker, and now that has had" \
            "$(memory VmHWM "$worker") kB of memory: does it keep all of it?"
}

@test "what a program says of the reply is heeded: Status, Location, Content-Type" {
    start_cgi
    program status "echo Status: 418 I am a teapot; $text; echo tea"
    get /cgi-bin/status
    assert_status 418
    assert_line --index 0 'HTTP/1.1 418 I am a teapot'
    refute_output --partial 'Status:'
    program plain "echo Status: 404; $text"
    get /cgi-bin/plain
    assert_equal "${output%%$'\n'*}" 'HTTP/1.1 404 Not Found'
    program away 'echo Location: http://example.org/; echo'
    get /cgi-bin/away
    assert_equal "$output" $'HTTP/1.1 302 Found
Location: http://example.org/
Connection: close'
    program moved 'echo Status: 301 Moved' 'echo Location: /x; echo'
    get /cgi-bin/moved
    assert_status 301
    program crlf 'printf "content-type:a/b\r\nX-More:  two words \r\n\r\nbody"'
    get /cgi-bin/crlf
    assert_equal "$output" $'HTTP/1.1 200 OK
content-type: a/b
X-More: two words
Connection: close

body'
}

@test "a program does not decide about the connection" {
    program mine 'echo Connection: keep-alive; echo Transfer-Encoding: chunked' \
        'echo Keep-Alive: 5; echo Upgrade: x' "$text"
    start_cgi
    get /cgi-bin/mine
    assert_equal "$output" $'HTTP/1.1 200 OK
Content-Type: text/plain
Connection: close'
}

@test "the reply to HEAD, and one of status 204, has no body" {
    program long 'echo Content-Type: $REQUEST_METHOD/x; echo' \
        'yes | head -c 300000'
    program none 'echo Status: 204 Nothing; echo; echo body'
    start_cgi
    talk 'send:HEAD /cgi-bin/long HTTP/1.0\r\n\r\n'
    assert_equal "$output" $'HTTP/1.1 200 OK
Content-Type: HEAD/x
Connection: close'
    get /cgi-bin/none
    assert_status 204
    refute_output --partial body
    talk 'send:HEAD /cgi-bin/nosuch HTTP/1.0\r\n\r\n'
    assert_status 404
    refute_line '404 Not Found'
}

@test "a request that can be read in two ways, or not at all, is refused" {
    local get='GET /cgi-bin/hi HTTP/1.1\r\nHost: x\r\n'
    local post='POST /cgi-bin/hi HTTP/1.1\r\nHost: x\r\n'
    program hi "$text"
    start_cgi
    assert_reply 200 "$get\r\n"
    assert_reply 400 'GET\r\n\r\n'
    assert_reply 400 '\r\n\r\n'
    assert_reply 400 'GET /cgi-bin/hi\r\n\r\n'
    assert_reply 400 'GET  /cgi-bin/hi HTTP/1.0\r\n\r\n'
    assert_reply 400 'GET /cgi-bin/hi HTTP/1.0 \r\n\r\n'
    assert_reply 400 'G(T /cgi-bin/hi HTTP/1.0\r\n\r\n'
    assert_reply 400 'GET /cgi-bin/hi FTP/1.0\r\n\r\n'
    assert_reply 400 'GET cgi-bin/hi HTTP/1.0\r\n\r\n'
    assert_reply 400 'GET /cgi-bin/hi HTTP/1.0\n\n'
    assert_reply 400 "${get}A: b\n\r\n"
    assert_reply 400 "${get}A: b\rc\r\n\r\n"
    assert_reply 400 "${get}A: b\0c\r\n\r\n"
    assert_reply 400 "${get}A: b\x01c\r\n\r\n"
    assert_reply 400 "${get}A : b\r\n\r\n"
    assert_reply 400 "${get}A b\r\n\r\n"
    assert_reply 400 "$get: b\r\n\r\n"
    assert_reply 400 "${get}A: b\r\n c\r\n\r\n"
    assert_reply 400 'GET /cgi-bin/hi HTTP/1.1\r\n\r\n' # no Host
    assert_reply 400 "${get}host: y\r\n\r\n"
    assert_reply 405 'DELETE /cgi-bin/hi HTTP/1.0\r\n\r\n'
    assert_line --regexp '^Allow: GET, HEAD, POST'
    assert_reply 501 'get /cgi-bin/hi HTTP/1.0\r\n\r\n'
    assert_reply 505 'GET /cgi-bin/hi HTTP/2.0\r\n\r\n'
    assert_reply 411 "$post\r\n"
    assert_reply 411 "${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert_reply 200 "${post}Content-Length: 0\r\n\r\n"
    assert_reply 200 "${post}Content-Length: 1\r\ncontent-length: 1\r\n\r\nx"
    assert_reply 400 "${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"
    assert_reply 400 "${post}Content-Length: -1\r\n\r\n"
    assert_reply 400 "${post}Content-Length: 1, 1\r\n\r\nx"
    assert_reply 400 "${post}Content-Length: 0x1\r\n\r\n"
    assert_reply 413 "${post}Content-Length: 1073741825\r\n\r\n"
    assert_reply 413 "${post}Content-Length: 99999999999999999999\r\n\r\n"
    assert_reply 417 "${get}Expect: a miracle\r\n\r\n"
    wait_for_log 'client .*: 413 Content Too Large: POST /cgi-bin/hi'
}

@test "a request without end is refused when it is too long" {
    start_cgi
    talk send:GET repeat:70000:x
    assert_status 414
    talk 'send:GET /cgi-bin/hi HTTP/1.0\r\nA: ' repeat:70000:x
    assert_status 431
    talk 'send:GET /cgi-bin/hi HTTP/1.0\r\n' 'repeat:101:A: b\r\n' 'send:\r\n'
    assert_status 431
}

@test "a request that comes byte by byte, or with more behind it, is answered once" {
    program say "$text; cat"
    start_cgi
    talk 'bytewise:POST /cgi-bin/say HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello'
    assert_body hello
    talk 'send:POST /cgi-bin/say HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello' \
        'send:GET /cgi-bin/say HTTP/1.0\r\n\r\n' repeat:5000:more
    assert_body hello
}

@test "a client that waits for 100 Continue gets it, unless the answer is no" {
    local head='HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue'
    program say "$text; cat"
    start_cgi
    talk "send:POST /cgi-bin/say $head\r\n\r\n" \
        'expect:HTTP/1.1 100 Continue\r\n\r\n' send:ok
    assert_body ok
    talk "send:POST /cgi-bin/nosuch $head\r\n\r\n"
    assert_status 404
}

@test "a client that ends its side is still answered [fault 20]" {
    program slow "$text; cat; echo done"
    start_cgi
    talk 'send:POST /cgi-bin/slow HTTP/1.0\r\nContent-Length: 2\r\n\r\nok' halfclose
    assert_body okdone
}

@test "a request that is cut, or does not go on, ends there" {
    local post='POST /cgi-bin/say HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc'
    program say 'echo $$ >group; cat >/dev/null' "$text"
    start_cgi --timeout 0.3
    talk 'send:GET /cgi-bin/say HT' halfclose
    assert_status 400
    talk
    assert_status 408
    talk 'send:GET /cgi-bin/say HT'
    assert_status 408
    talk "send:$post"
    assert_status 408
    assert_group_goes
    talk "send:$post" halfclose
    assert_status 400
}

# answered_midway FD: is there an answer? Else send one more byte of the request.
answered_midway() {
    read -rt 0.02 -u "$1" REPLY && return
    (printf x >&"$1") 2>/dev/null
    return 1
}

@test "a request that dawdles for longer than the time-out is refused [fault 134]" {
    start_cgi --timeout 0.3 --workers 1
    hold_client 5
    printf 'GET /cgi-bin/nosuch HTTP/1.0\r\nA: ' >&5
    in_time 5 answered_midway 5 ||
        explain "a byte comes every 20 ms, but the request does not come to an" \
            "end: with --timeout 0.3 it has to be refused" "$(server_log)"
    assert_equal "$REPLY" $'HTTP/1.1 408 Request Timeout\r'
    release_client 5
    get /cgi-bin/nosuch
    assert_status 404
}

@test "50 requests at once are all answered by 3 workers" {
    program say "$text; echo \$QUERY_STRING"
    start_cgi
    ask_number() {
        get "/cgi-bin/say?$1"
        assert_body "$1"
    }
    at_once 50 ask_number
}

# ---- What the program is given

@test "the environment is that of RFC 3875, and nothing is inherited" {
    program show "$text" "tr '\\0' '\\n' </proc/\$\$/environ | LC_ALL=C sort"
    SERVER_PREFIX=(env SECRET=1 LD_NOTHING=2 IFS=x)
    start_cgi
    get '/cgi-bin/show/a%20b//c?x=%41&y' 'Host: me:1' 'Accept: a' 'X-One: 1' \
        'accept: b' 'Content-Type: ignored/no-body'
    assert_body "GATEWAY_INTERFACE=CGI/1.1
HTTP_ACCEPT=a, b
HTTP_HOST=me:1
HTTP_X_ONE=1
PATH=/usr/local/bin:/usr/bin:/bin
PATH_INFO=/a b//c
QUERY_STRING=x=%41&y
REMOTE_ADDR=127.0.0.1
REQUEST_METHOD=GET
SCRIPT_NAME=/cgi-bin/show
SERVER_NAME=127.0.0.1
SERVER_PORT=$SERVER_PORT
SERVER_PROTOCOL=HTTP/1.0
SERVER_SOFTWARE=server_cgi"
    talk 'send:POST /cgi-bin/show HTTP/1.1\r\nHost: x\r\n' \
        'send:Content-Length: 2\r\nContent-Type: a/b; c=d\r\n\r\nxx'
    assert_line 'CONTENT_LENGTH=2'
    assert_line 'CONTENT_TYPE=a/b; c=d'
    assert_line 'QUERY_STRING='
    assert_line 'SERVER_PROTOCOL=HTTP/1.1'
    refute_line --regexp '^(PATH_INFO|HTTP_CONTENT_)'
}

@test "no header line becomes a variable that it should not be [fault 102]" {
    program show "$text" "tr '\\0' '\\n' </proc/\$\$/environ"
    start_cgi
    get '/cgi-bin/show?LD_PRELOAD=evil.so' 'Proxy: http://evil' 'PROXY: evil' \
        'LD_PRELOAD: evil.so' 'PATH: /evil' 'A_B: evil' 'A.B: evil' \
        "A'B: evil" 'Authorization: Basic evil' 'Transfer-encodin: fine' \
        'Content-Encoding: gzip'
    assert_status 200
    assert_line 'HTTP_CONTENT_ENCODING=gzip'
    assert_line 'HTTP_TRANSFER_ENCODIN=fine'
    assert_line 'QUERY_STRING=LD_PRELOAD=evil.so'
    assert_line 'HTTP_PATH=/evil'
    refute_line --regexp '^(HTTP_PROXY|LD_|HTTP_LD|HTTP_A|PATH=/evil)'
    refute_output --partial Basic
}

@test "IPv6 addresses stand in the environment as they should" {
    need_curl
    grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null || skip "no IPv6 here"
    program show "$text" 'echo $REMOTE_ADDR $SERVER_NAME'
    start_cgi --address ::1
    run curl -s --max-time 10 "http://[::1]:$SERVER_PORT/cgi-bin/show" 3>&-
    assert_output '::1 [::1]'
}

@test "the only argument is the path, and no shell reads what a client sends [fault 103] [trap 48]" {
    program show "$text" 'echo "$# $0"'
    start_cgi
    get '/cgi-bin/show?-s'
    assert_body '0 ./show'
    get '/cgi-bin/show?a;touch${IFS}x|touch%20x'
    assert_body '0 ./show'
    get '/cgi-bin/show;touch%20x'
    assert_status 404
    get '/cgi-bin/$(touch%20x)'
    assert_status 404
    assert_not_exists "$CGI/x"
    program -n "$text" 'echo "$# $0"' # for an interpreter it is no option
    get /cgi-bin/-n
    assert_body '0 ./-n'
}

@test "a program has three descriptors, a group, and signals as they are by default [fault 5] [trap 49]" {
    local pid
    program show "$text" 'cd /proc/$$' 'echo $$; cut -d " " -f 5 stat; ls fd'
    # A shell that starts others changes its mask, so this one starts none.
    program signals "$text" 'exec grep -E "Sig(Blk|Ign)" /proc/self/status'
    SERVER_PREFIX=(env --ignore-signal={HUP,USR1,CHLD} --block-signal=USR2)
    start_cgi
    get /cgi-bin/show
    pid=${lines[4]}
    # 10: where the shell keeps its script
    assert_equal "$(sed '1,/^$/d; /^10$/d' <<<"$output")" "$pid
$pid
0
1
2"
    wait_for_log "program $pid ended with status 0" # though SIGCHLD was ignored
    get /cgi-bin/signals
    # The C library ignores two signals that it has for itself.
    assert_equal "$(sed '1,/^$/d; s/180000000$/000000000/' <<<"$output")" \
        "SigBlk:	0000000000000000
SigIgn:	0000000000000000"
}

@test "between the fork and the exec nothing is done that is not safe there [fault 93]" {
    local pid calls
    program say "$text; echo \$\$"
    need_strace
    SERVER_PREFIX=(strace -D -f -qq -o "$BATS_TEST_TMPDIR/trace")
    start_cgi --workers 1
    get /cgi-bin/say
    assert_status 200
    pid=${output##*$'\n'}
    # A call that another process interrupts in the trace comes as two lines.
    calls=$(awk -v pid="$pid" '$1 != pid || $2 == "<..." { next }
        { sub(/\(.*/, "", $2); print $2 }
        $2 == "execve" { exit }' "$BATS_TEST_TMPDIR/trace" | sort -u)
    assert_regex "$calls" execve
    run grep -vxE 'execve|dup2|dup3|fcntl|close_range|setpgid|rt_sig.*' <<<"$calls"
    assert_silent "between the fork and the exec, other system calls"
}

# ---- Which program

@test "what is no program, or cannot run, or says nothing, has its status [fault 98]" {
    program locked "$text"
    chmod -x "$CGI/locked"
    program broken ''
    sed -i '1s|.*|#!/nosuch/interpreter|' "$CGI/broken"
    program plain "$text"
    sed -i '1d' "$CGI/plain"
    program silent 'exit 1'
    program killed 'kill -9 $$'
    program .hidden "$text"
    mkdir "$CGI/folder"
    mkfifo "$CGI/fifo"
    chmod +x "$CGI/fifo"
    ln -s nosuch "$CGI/dangling"
    ln -s loop "$CGI/loop"
    start_cgi
    local name wanted
    while read -r wanted name; do
        get "/cgi-bin/$name"
        [[ $output == "HTTP/1.1 $wanted "*$'\n\n'"$wanted "* ]] ||
            explain "$name: expected $wanted, got: $output"
    done <<'EOF'
404 nosuch
404 .hidden
404 dangling
404 loop
403 locked
403 folder
403 fifo
502 silent
502 killed
EOF
    wait_for_log 'program [0-9]+ ended with status 1'
    wait_for_log 'program [0-9]+ killed by signal 9'
}

# bats test_tags=native
@test "a program that cannot be executed is answered with 500, and why is in the log [fault 98]" {
    program broken ''
    sed -i '1s|.*|#!/nosuch/interpreter|' "$CGI/broken"
    program plain "$text"
    sed -i '1d' "$CGI/plain"
    start_cgi
    get /cgi-bin/broken
    assert_status 500
    get /cgi-bin/plain
    assert_status 500
    wait_for_log '\./broken: No such file or directory'
    wait_for_log '\./plain: Exec format error'
}

@test "no path leads out of the folder, and none is decoded twice [fault 104] [trap 48]" {
    local path wanted outside=$BATS_TEST_TMPDIR/outside
    CGI=$BATS_TEST_TMPDIR program outside "echo >$outside.was.run; $text"
    program in "$text; echo \"\$PATH_INFO\""
    ln -s in "$CGI/link"
    start_cgi
    while read -r wanted path; do
        get "$path"
        [[ $output == "HTTP/1.1 $wanted "* ]] ||
            explain "$path: expected $wanted, got: $output"
    done <<'EOF'
200 /cgi-bin/in
200 /cgi-bin/link
200 /cgi-bin/%69n
200 /cgi-bin/in/
400 /cgi-bin/../outside
400 /cgi-bin/.%2e/outside
400 /cgi-bin/%2e%2e/outside
400 /cgi-bin/%2E%2E/outside
404 /cgi-bin/..%2foutside
404 /cgi-bin/.%2e%2foutside
404 /cgi-bin/%252e%252e/outside
404 /cgi-bin/..%252foutside
404 /cgi-bin/%2foutside
404 /cgi-bin//outside
400 /cgi-bin//../outside
404 //cgi-bin/in
404 /CGI-BIN/in
400 /cgi-bin/./in
400 /cgi-bin/in/..
400 /cgi-bin/in/%2e%2e/x
404 /cgi-bin/in%2fx
400 /cgi-bin/in%00
400 /cgi-bin/in%0ax
400 /cgi-bin/in%zz
400 /cgi-bin/in%2
400 /cgi-bin/in%
400 /cgi-bin/in#x
400 http://x/cgi-bin/in
404 /cgi-bin/
404 /cgi-bin
404 /
404 /cgi-bin/..%5coutside
400 /cgi-bin/.
EOF
    get "/cgi-bin/$(printf 'x%.0s' {1..300})"
    assert_status 404
    get '/cgi-bin/in/%252e'
    assert_body '/%2e'
    get '/cgi-bin/in/...'
    assert_body '/...'
    assert_not_exists "$outside.was.run"
}

# ---- What the program does

@test "what a program complains about goes to the log, however much it is [fault 99]" {
    program loud 'head -c 300000 /dev/zero >&2' \
        'printf "\nfirst\nbad \033[31m\nlast" >&2' "$text; echo well"
    start_cgi
    get /cgi-bin/loud
    assert_body well
    wait_for_log 'says: first$'
    wait_for_log 'says: bad .x1b.31m$'
    wait_for_log 'says: last$'
}

@test "a program need not read what is sent to it [fault 100]" {
    program never "$text; echo well"
    program some "$text; head -c 10"
    program shut 'exec <&-' "$text; echo well"
    start_cgi
    talk 'send:POST /cgi-bin/never HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n' \
        zeros:1048576
    assert_body well
    talk 'send:POST /cgi-bin/some HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n' \
        repeat:1048576:x
    assert_body xxxxxxxxxx
    talk 'send:POST /cgi-bin/shut HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n' \
        zeros:1048576
    assert_body well
}

@test "a client may send all before it reads, though the program reads nothing [fault 100]" {
    program shut 'exec <&-' 'read -r go <go' "$text; echo well"
    mkfifo "$CGI/go"
    start_cgi
    start_evil connect \
        'send:POST /cgi-bin/shut HTTP/1.0\r\nContent-Length: 20000000\r\n\r\n' \
        zeros:20000000 say:sent 'expect:HTTP/1.1 200 OK\r\n' recv-all
    wait_for 'grep -q sent "$BATS_TEST_TMPDIR/evil.out"' 10 \
        "A client should be able to send all of its body, though nobody reads it."
    echo >"$CGI/go"
    wait_evil
}

@test "a program that takes too long is killed with its group: 504, or a reset [fault 101]" {
    program hang 'echo $$ >group' 'trap "" TERM HUP INT' 'sleep 60 & sleep 60'
    program half 'echo $$ >group' "$text; echo half" 'sleep 60 & sleep 60'
    start_cgi --cgi-timeout $((TIMEOUT_SCALE / 2)).5
    get /cgi-bin/hang
    assert_status 504
    assert_group_goes
    wait_for_log 'program [0-9]+ takes too long'
    run evil 'send:GET /cgi-bin/half HTTP/1.0\r\n\r\n' recv-all
    assert_failure
    assert_output --partial 'half'
    assert_output --partial 'reset'
    assert_group_goes
}

@test "when the client leaves the program is killed with its group [fault 101]" {
    local way
    program hang 'echo $$ >group' 'sleep 60 & sleep 60'
    program flood 'echo $$ >group' "$text" 'exec cat /dev/zero'
    start_cgi --workers 1
    for way in rst close; do
        rm -f "$CGI/group"
        start_evil connect 'send:GET /cgi-bin/hang HTTP/1.0\r\n\r\n' hold $way
        wait_for '[ -s "$CGI/group" ]' 5 "The program should be running."
        wait_evil
        assert_group_goes
    done
    rm "$CGI/group"
    run -0 evil 'send:GET /cgi-bin/flood HTTP/1.0\r\n\r\n' \
        'expect:HTTP/1.1 200 OK\r\n' close
    assert_group_goes
    get /cgi-bin/nosuch
    assert_status 404
}

@test "a client that does not read is let go, and its program killed" {
    program flood 'echo $$ >group' "$text" 'exec cat /dev/zero'
    start_cgi --workers 1 --timeout 0.3
    start_evil connect 'send:GET /cgi-bin/flood HTTP/1.0\r\n\r\n' hold
    wait_for '[ -s "$CGI/group" ]' 5 "The program should be running."
    assert_group_goes
    get /cgi-bin/nosuch
    assert_status 404
    wait_evil
}

@test "when a program ends, what it leaves in its group ends as well" {
    program leave 'echo $$ >group' 'sleep 60 & sleep 60 >&- 2>&- &' \
        "$text; echo well"
    start_cgi
    get /cgi-bin/leave
    assert_body well
    assert_group_goes
}

@test "what has left the group does not hold up the reply" {
    local pid
    program daemon 'setsid sh -c "echo \$\$ >daemon; exec sleep 60" &' \
        'until [ -s daemon ]; do :; done' "$text; echo well"
    start_cgi
    get /cgi-bin/daemon
    pid=$(cat "$CGI/daemon")
    signal_all KILL "$pid"
    assert_body well
}

@test "a program that has ended its output has a second for the rest" {
    program quick "$text; echo well; exec >&-" 'echo $$ >group; exec sleep 60'
    program tidy "$text; echo well; exec >&-" 'cat >/dev/null; echo done >tidied'
    start_cgi
    get /cgi-bin/quick
    assert_body well
    assert_group_goes
    get /cgi-bin/tidy
    assert_body well
    wait_for '[ -s "$CGI/tidied" ]' 5 "The program should end by itself."
}

@test "a reply whose program crashes midway is cut, and does not look whole" {
    program crash "$text; echo half; kill -9 \$\$"
    start_cgi
    run evil 'send:GET /cgi-bin/crash HTTP/1.0\r\n\r\n' recv-all
    assert_failure
    assert_output --partial 'reset'
}

@test "a reply whose worker is killed midway is cut, and does not look whole [fault 133]" {
    program murder "$text; echo half" 'read -r go <go; kill -9 $PPID'
    mkfifo "$CGI/go"
    start_cgi
    start_evil connect 'send:GET /cgi-bin/murder HTTP/1.0\r\n\r\n' \
        'expect:HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n' \
        'expect:Connection: close\r\n\r\nhalf\n' say:half recv-all
    in_time 5 grep -q half "$BATS_TEST_TMPDIR/evil.out"
    echo go >"$CGI/go"
    wait_background "$EVIL_PID"
    wait_for_log 'worker [0-9]+ killed by signal 9'
    [ "$BACKGROUND_STATUS" -eq 1 ] &&
        grep -q reset "$BATS_TEST_TMPDIR/evil.err" ||
        explain "the connection ends as if the reply were whole"
    get /cgi-bin/nosuch
    assert_status 404
}

@test "what is no header of a reply is answered with 502 [fault 105]" {
    local bytes
    start_cgi
    while read -r bytes; do
        program bad "printf '$bytes'"
        get /cgi-bin/bad
        [[ $output == 'HTTP/1.1 502 Bad Gateway'* ]] ||
            explain "the header $bytes should be answered with 502, but there came:" \
                "$output"
    done <<'EOF'
hello
\n
\nhello
Content-Type: a/b\n
X-Other: 1\n\n
Content-Type: a/b\rX: y\n\n
Content-Type: a/b\nX: a\001b\n\n
Content-Type: a/b\nX: a\000b\n\n
Content-Type : a/b\n\n
Content-Type: a/b\n folded\n\n
Content-Type: a/b\nno colon\n\n
Content-Type: a/b\n: no name\n\n
Content-Type: a/b\nContent-Type: c/d\n\n
Content-Type: a/b\nContent-Length: x\n\n
Content-Type: a/b\nContent-Length: 1\nContent-Length: 2\n\n
Status: 100 Continue\n\n
Status: 20\n\n
Status: 2000\n\n
Status: OK\n\n
Status: 200\nStatus: 201\n\n
EOF
    program endless 'exec yes a:b'
    get /cgi-bin/endless
    assert_status 502
}

@test "what comes from a client is escaped before it is logged [fault 108]" {
    start_cgi
    get '/cgi-bin/\x1b[31m'
    assert_status 400
    get '/cgi-bin/\xff\xfe'
    assert_status 404
    wait_for_log 'GET /cgi-bin/.xff.xfe HTTP'
    run grep -aP '[\x00-\x08\x0b-\x1f\x80-\xff]' "$BATS_TEST_TMPDIR/server.err"
    assert_silent "lines of the log with control characters, or other than ASCII"
}

# ---- When something fails

@test "a program that cannot be started costs that request only" {
    program say "$text; echo well"
    start_injected clone,clone3,vfork,fork:error=EAGAIN:when=2 \
        --directory "$CGI" --workers 1
    get /cgi-bin/say
    assert_body well
    get /cgi-bin/say
    assert_status 500
    assert_injected
    wait_for_log '\./say: Resource temporarily unavailable'
    get /cgi-bin/say
    assert_body well
}

# bats test_tags=native
@test "a worker without further descriptors answers 500 and goes on" {
    local worker
    program say "$text; echo well"
    start_cgi --workers 1
    worker=$(children "$SERVER_PID")
    get /cgi-bin/say
    prlimit --pid "$worker" --nofile=7:
    get /cgi-bin/say
    assert_status 500
    prlimit --pid "$worker" --nofile=100:
    get /cgi-bin/say
    assert_body well
}

@test "calls that a signal interrupts are made again [fault 9]" {
    local call
    program say "$text; cat"
    for call in poll recvfrom sendto wait4; do
        start_injected "$call:error=EINTR:when=1+3" --directory "$CGI" --workers 1
        talk 'send:POST /cgi-bin/say HTTP/1.1\r\nHost: x\r\n' \
            'send:Content-Length: 5\r\nExpect: 100-continue\r\n\r\n' \
            'expect:HTTP/1.1 100 Continue\r\n\r\n' send:hello
        assert_body hello
        assert_injected
        stop_server
    done
}

@test "the server goes on after reads and writes that are cut short" {
    program say "$text; cat"
    start_short --directory "$CGI"
    post /cgi-bin/say 'hello, hello, hello'
    assert_body 'hello, hello, hello'
    assert_short "$SERVER"
}

# bats test_tags=native
@test "200 requests leave no descriptor, no process and no memory behind [fault 107]" {
    local worker i fds before grown
    program say "$text; cat"
    start_cgi --workers 1
    worker=$(children "$SERVER_PID")
    for ((i = 0; i < 200; i++)); do
        if ((i == 50)); then
            before=$(memory VmRSS "$worker")
            fds=$(fd_count "$worker")
        fi
        evil 'send:POST /cgi-bin/say HTTP/1.0\r\nContent-Length: 2\r\nA: ' \
            repeat:4000:x 'send:\r\n\r\nok' recv-all >/dev/null
    done
    grown=$(($(memory VmRSS "$worker") - before))
    assert_is "the worker, as before" "$worker" "$(children "$SERVER_PID")"
    wait_for "[ \"\$(fd_count $worker)\" -le $fds ]" 5 \
        "All clients have gone, but the worker has more descriptors than before."
    [ $grown -lt 128 ] || explain "by 150 requests the worker has grown by $grown kB"
    assert_is "children of the worker that are left, or zombies" '' \
        "$(ps -o pid= --ppid "$worker")"
}

# ---- A real program

# start_git: a server with a repository behind git http-backend; its origin is
# the working folder.
start_git() {
    command -v git >/dev/null || skip "git is not here"
    [ -x "$(git --exec-path)/git-http-backend" ] || skip "git has no http-backend"
    [ -x "$(git --exec-path)/git-remote-http" ] || skip "git speaks no HTTP"
    export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_NOSYSTEM=1
    git config --global user.name learner
    git config --global user.email learner@example.org
    git config --global protocol.version 2
    git config --global init.defaultBranch main
    git config --global --add safe.directory '*'
    REPOSITORY=$BATS_TEST_TMPDIR/repositories/lab.git
    git init -q --bare "$REPOSITORY"
    git init -q "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work" || return
    head -c 3000000 /dev/urandom >data
    seq 1000 >text
    git add . && git commit -qm first && git push -q "$REPOSITORY" main
    program git "export GIT_PROJECT_ROOT=${REPOSITORY%/*} GIT_HTTP_EXPORT_ALL=1" \
        "export GIT_CONFIG_GLOBAL=$HOME/.gitconfig" \
        'exec git http-backend'
    start_cgi
    URL=http://127.0.0.1:$SERVER_PORT/cgi-bin/git/lab.git
}

@test "git clones through git http-backend, several clones at once" {
    start_git
    clone_number() {
        GIT_TRACE_CURL=$BATS_TEST_TMPDIR/clone$1.trace \
            timeout $((30 * TIMEOUT_SCALE)) \
            git clone -q "$URL" "$BATS_TEST_TMPDIR/clone$1" &&
            cmp data "$BATS_TEST_TMPDIR/clone$1/data"
    }
    at_once 4 clone_number
    grep -qi 'git-protocol: version=2' "$BATS_TEST_TMPDIR/clone1.trace" ||
        explain "it was not version 2 of the protocol"
    git -C "$BATS_TEST_TMPDIR/clone1" fsck --full
}

@test "git fetches with a body that is compressed" {
    local i
    start_git
    git clone -q "$URL" "$BATS_TEST_TMPDIR/clone"
    for i in {1..60}; do # enough to tell to be worth compressing
        git -C "$BATS_TEST_TMPDIR/clone" commit -q --allow-empty -m "mine $i"
    done
    seq 2000 >text && git commit -qam second && git push -q "$REPOSITORY" main
    cd "$BATS_TEST_TMPDIR/clone"
    GIT_TRACE_CURL=$BATS_TEST_TMPDIR/trace git fetch -q
    grep -qi 'content-encoding: gzip' "$BATS_TEST_TMPDIR/trace" ||
        explain "git did not compress its request, so this test proves nothing"
    assert_equal "$(git rev-parse origin/main)" \
        "$(git -C "$REPOSITORY" rev-parse main)"
}

@test "git http-backend decides whether a push is taken" {
    start_git
    seq 3000 >text && git commit -qam third
    run git push -q "$URL" main
    assert_failure
    assert_output --partial 403
    git -C "$REPOSITORY" config http.receivepack true
    git push -q "$URL" main
    assert_equal "$(git rev-parse main)" "$(git -C "$REPOSITORY" rev-parse main)"
}

# bats test_tags=native
@test "while a program thinks, its worker sleeps: the second one, too" {
    local worker
    program quick "$text; echo well"
    program slow 'echo $$ >group' 'read -r go <go' "$text; echo well"
    mkfifo "$CGI/go"
    start_cgi --workers 1
    worker=$(children "$SERVER_PID")
    get /cgi-bin/quick
    start_evil connect 'send:GET /cgi-bin/slow HTTP/1.0\r\n\r\n' recv-all
    wait_for '[ -s "$CGI/group" ]' 5
    in_time 5 is_at_rest "$worker" || explain "the program waits for its input," \
        "but its worker takes CPU time: what does it not read, that poll(2) reports" \
        "again and again?"
    echo >"$CGI/go"
    wait_evil
}
