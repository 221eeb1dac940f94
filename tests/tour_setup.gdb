# tour_setup.gdb: what the guided tours have in common. tour.sh has gdb read it
# before the tour.gdb of the stage.

set confirm off
set pagination off
set width 0
set breakpoint pending off
set debuginfod enabled off
set disable-randomization off
set print thread-events off
set debug-file-directory
set print symbol off
set print entry-values no

define fds_of
    eval "shell cd /proc/%d/fd && stat --format='    %%N' *", $arg0
end
document fds_of
fds_of PID: list the open descriptors of a process.
end

define same_file
    eval "shell stat --format='    %%n -> %%N' /proc/%d/fd/%d /proc/%d/fd/%d | \
        sed 's/ ->.* ->/ ->/'", $arg0, $arg1, $arg2, $arg3
end
document same_file
same_file PID FD PID FD: show what two descriptors stand for.
end

define cue
    shell echo >"$TOUR_CUE"
end
document cue
cue: have the client, which waits for it, do what it does next.
end

python
import sys

class StopHere(gdb.Command):
    """stop_here FUNCTION: a stop of the tour, which has to be in FUNCTION.
On a terminal, wait: Enter goes on, anything else is a command for gdb."""

    prompt = "(Enter goes on, or type a gdb command) "
    stops = 0

    def __init__(self):
        super().__init__("stop_here", gdb.COMMAND_USER)

    def invoke(self, function, from_tty):
        here = gdb.selected_frame().name()
        if here != function:
            raise gdb.GdbError(f"This should be {function}, but it is {here}.")
        self.stops += 1
        pid = gdb.selected_inferior().pid
        print(f"[stop {self.stops}: {function}, process {pid}]", flush=True)
        while sys.stdin.isatty() and self.ask():
            pass

    def ask(self):
        try:
            line = input(self.prompt).strip()
            gdb.execute(line, True)
        except EOFError:
            gdb.execute("quit")
        except gdb.error as error:
            print(error)
        return line != ""

StopHere()
end
