# screen.bash: the exercises on a terminal: a page of text, keys, and a judge that
# works after every save. Sourced by learn.sh.

# shellcheck shell=bash disable=SC2034,SC2154 # learn.sh and what it sources

judge_pid='' # a process group, while it works
watch_fd='' watch_pid=''
stamp=''     # of the learner's files, where there is no inotifywait

# ---- Drawing -----------------------------------------------------------------

measure_screen() {
    local size
    size=$(stty size 2>/dev/null)
    rows=${size% *} width=${size#* }
    [[ $rows == [1-9]* && $width == [1-9]* ]] || { rows=24 width=80; }
    [ "$width" -ge 20 ] || width=20
    [ "$width" -le 100 ] || width=100
}

# ladder_line: how many exercises are done of each stage.
ladder_line() {
    local file number -A all=() ready=()
    for file in $(exercises); do
        number=$(field Stage "$file")
        number=${number:5:1}
        all[$number]=$((${all[$number]:-0} + 1))
        read_state "$(basename "$file" .md)"
        [ "$progress" != solved ] ||
            ready[$number]=$((${ready[$number]:-0} + 1))
    done
    read_state "$exercise_name"
    for number in 1 2 3 4 5 6; do
        [ -z "${all[$number]-}" ] ||
            printf '%s:%s/%s  ' "$number" "${ready[$number]:-0}" "${all[$number]}"
    done
}

keys() {
    echo "h hint${tab}l list${tab}d diff${tab}r again${tab}s solution${tab}t tests" \
        "${tab}Enter check${tab}q quit" | sed "s/ $tab/$tab/g" |
        awk -v tab="$tab" -v width="$width" -v predict="$kind" '{
            if (predict == "predict")
                sub(/Enter check/, "a answer")
            n = split($0, key, tab)
            for (i = 1; i <= n; i++) {
                if (line != "" && length(line) + 2 + length(key[i]) > width) {
                    print line
                    line = ""
                }
                line = line (line == "" ? "" : "  ") key[i]
            }
            print line
        }'
}

# draw: the whole screen anew.
draw() {
    local head foot lines room last
    measure_screen
    mapfile -t foot < <(keys)
    room=$((rows - 3 - ${#foot[@]}))
    [ $room -ge 1 ] || room=1
    mapfile -t lines < <("show_$page" | fold -s -w "$width")
    last=$((${#lines[@]} - room))
    [ "$top" -le $last ] || top=$last
    [ "$top" -ge 0 ] || top=0
    head="Poolladder  $ladder"
    {
        printf '\e[H\e[J'
        printf '%s\n' "$bold${head:0:width}$plain" "${note:0:width}"
        printf '%s\n' "${lines[@]:top:room}"
        printf '\e[%d;1H' $((rows - ${#foot[@]}))
        [ $last -le "$top" ] || printf '%s' "$dim(Space: $((last - top)) more lines)$plain"
        printf '\n%s' "${foot[0]}"
        [ ${#foot[@]} -eq 1 ] || printf '\n%s' "${foot[@]:1}"
    } >&4
}

# The pages.
show_task() {
    [ ! -s "$work/last" ] || { cat "$work/last" && echo; }
    task
}

show_text() {
    cat "$work/text"
}

# turn_to PAGE [NOTE]
turn_to() {
    page=$1 top=0 note=${2-$note} redraw=yes
}

# ---- The judge at work -------------------------------------------------------

end_judge() {
    [ -n "$judge_pid" ] || return 0
    kill -TERM -- "-$judge_pid"
    wait "$judge_pid"
    end_marked "$shared/judge"
    judge_pid=''
} 2>/dev/null

# judge_aside [ANSWER]: judge in a folder of its own. The last that is written is
# the file status.
judge_aside() {
    local work=$shared/judge folder=$directory status=0
    trap - EXIT INT TERM HUP
    export POOLLADDER_WORK=$work
    [ ! -e "$shared/own.bats" ] || cp "$shared/own.bats" "$work"
    if [ "$kind" = predict ]; then
        copy_of "$stage" predict
        folder=$REPLY
    fi
    judge_exercise "$folder" "${1-}" >"$work/verdict" 2>&1 || status=$?
    echo $status >"$work/status"
}

# start_judge [ANSWER]
start_judge() {
    end_judge
    rm -rf "$shared/judge"
    mkdir "$shared/judge"
    note="judging ..." redraw=yes
    set -m
    judge_aside "$@" </dev/null >/dev/null 2>&1 &
    judge_pid=$!
    set +m
}

# look_at_judge: is it ready?
look_at_judge() {
    local status
    [ -n "$judge_pid" ] && [ -s "$shared/judge/status" ] || return 0
    read -r status <"$shared/judge/status"
    end_judge
    cp "$shared/judge/verdict" "$work/verdict"
    [ "$kind" != predict ] || cp "$shared/judge/run.said" "$work"
    conclude "$status" >"$work/last"
    ladder=$(ladder_line)
    read_state "$exercise_name"
    [ "$status" -ne 0 ] || note='done; n goes on to the next one'
    [ "$status" -eq 0 ] || note="not yet (judged $tries times)"
    turn_to task
}

# ---- Saves -------------------------------------------------------------------

start_watching() {
    end_watching
    stamp=$(stamp_of)
    [ "$kind" != predict ] || return 0
    command -v inotifywait >/dev/null || return 0
    rm -f "$work/watch"
    mkfifo "$work/watch"
    exec {watch_fd}<>"$work/watch"
    inotifywait -mqr -e close_write,moved_to --format %f --exclude '/build(/|$)' \
        "$directory" >"$work/watch" 2>/dev/null </dev/null &
    watch_pid=$!
}

end_watching() {
    [ -z "$watch_pid" ] || { kill "$watch_pid" && wait "$watch_pid"; }
    [ -z "$watch_fd" ] || exec {watch_fd}>&-
    watch_fd='' watch_pid=''
} 2>/dev/null

stamp_of() {
    [ ! -d "$directory" ] || find "$directory" -name build -prune -o \
        \( -name '*.[ch]' -o -name Makefile \) -printf '%p %T@ %s\n' | cksum
}

# was_saved: has a source been written?
was_saved() {
    local name now saved=1
    [ "$kind" != predict ] || return 1
    if [ -z "$watch_fd" ]; then
        now=$(stamp_of)
        [ "$now" != "$stamp" ] || return 1
        stamp=$now
        return 0
    fi
    while read -rt 0.01 -u "$watch_fd" name; do
        [[ $name != *.[ch] && $name != Makefile ]] || saved=0
    done
    return $saved
}

# ---- Keys --------------------------------------------------------------------

# ask_line PROMPT: read a line; sets REPLY.
ask_line() {
    printf '\e[%d;1H\e[K%s' "$rows" "$1" >&4
    stty echo
    printf '\e[?25h' >&4
    REPLY=''
    read -r REPLY
    stty -echo
    printf '\e[?25l' >&4
    redraw=yes
}

# go_to FILE
go_to() {
    end_judge
    rm -f "$work/last" "$work"/own*
    choose "$1" >"$work/text"
    start_watching
    ladder=$(ladder_line)
    note="$exercise_name"
    turn_to task
}

# text_of COMMAND...: what it prints becomes the page.
text_of() {
    "$@" >"$work/text" 2>&1
    turn_to text 'Enter goes back to the exercise'
}

choose_from_list() {
    text_of list
    draw
    ask_line 'Number or name (Enter: none): '
    turn_to task "$exercise_name"
    [ -n "$REPLY" ] || return 0
    if (exercise "$REPLY") >"$work/found" 2>&1; then
        go_to "$(cat "$work/found")"
    else
        note=$(cat "$work/found")
    fi
}

see_solution() {
    read_state "$exercise_name"
    if [ "$progress" != solved ] && [ -z "$gave_up" ]; then
        ask_line 'It is not done. Give up and see it? (y/n) '
        [ "$REPLY" = y ] || return 0
    fi
    GIVE_UP=1 text_of solution
}

run_suite() {
    end_judge
    leave_screen
    suite
    printf '\n%s' 'Enter goes back. '
    read -r
    enter_screen
}

on_key() {
    case $1 in
    h) hint >"$work/text" && turn_to text 'Enter goes back to the exercise' ;;
    l) choose_from_list ;;
    d) text_of show_diff ;;
    r)
        ask_line 'Begin again? Your work is kept aside. (y/n) '
        [ "$REPLY" = y ] || return 0
        text_of reset
        rm -f "$work/last"
        start_watching
        ;;
    s) see_solution ;;
    t) run_suite ;;
    n) ! file=$(next_open) || go_to "$file" ;;
    a)
        [ "$kind" = predict ] || return 0
        ask_line 'Your answer: '
        [ -z "$REPLY" ] || start_judge "$REPLY"
        ;;
    ' ') top=$((top + rows - 6)) redraw=yes ;;
    b) top=$((top - rows + 6)) redraw=yes ;;
    '')
        if [ "$page" = text ]; then
            turn_to task "$exercise_name"
        elif [ "$kind" != predict ]; then
            start_judge
        fi
        ;;
    q) exit 0 ;;
    esac
}

# ---- The screen itself -------------------------------------------------------

enter_screen() {
    stty -echo
    printf '\e[?1049h\e[?25l' >&4
    redraw=yes
}

leave_screen() {
    stty "$terminal"
    printf '\e[?25h\e[?1049l' >&4
}

end_screen() {
    end_judge
    end_watching
    leave_screen
    end_work
}

screen() {
    local page=task top=0 note=$exercise_name redraw=yes ladder key status tab=$'\t'
    local rows=24 terminal
    terminal=$(stty -g) || die 'this is no terminal'
    exec 4>&1
    trap end_screen EXIT
    trap 'redraw=yes' WINCH
    ladder=$(ladder_line)
    enter_screen
    start_watching
    while :; do
        [ -z "$redraw" ] || { redraw='' && draw; }
        status=0
        IFS= read -rsn1 -t 0.3 key || status=$?
        [ $status -ne 1 ] || exit 0 # the terminal is gone
        [ $status -ne 0 ] || on_key "$key"
        ! was_saved || start_judge
        look_at_judge
    done
}
