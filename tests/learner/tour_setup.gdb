# tour_setup.gdb: what the guided tours have in common. tour.sh has gdb read it
# before the tour.gdb of the stage.

# A tour goes on by itself.
set confirm off
set pagination off
set width 0

# A break at a function that does not exist is an error.
set breakpoint pending off

# Only our own source counts, not that of the C library.
set debuginfod enabled off
set debug-file-directory

# Containers do not always allow gdb to switch this off in the program.
set disable-randomization off

# Show less.
set print thread-events off
set print symbol off
set print entry-values no

define fds_of
    eval "shell cd /proc/%d/fd && stat --format='    %%N' *", $arg0
end
document fds_of
fds_of PID: list the open descriptors of a process.
end

define cue
    shell echo >"$TOUR_CUE"
end
document cue
cue: have the client, which waits for it, do what it does next.
end

python
import os
import subprocess
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
        thread, frame = gdb.selected_thread(), gdb.selected_frame()
        while sys.stdin.isatty() and self.do_as_told():
            pass
        if thread.is_valid(): # wherever the reader has looked around
            thread.switch()
        if frame.is_valid():
            frame.select()

    def do_as_told(self):
        """Do one command; false if the tour is to go on. bash reads the line,
        because gdb does not edit lines while it reads a script."""
        read_line = ["bash", "-c", 'read -erp "$0" && echo "$REPLY"']
        told = subprocess.run(read_line + [self.prompt], stdout=subprocess.PIPE)
        if told.returncode != 0: # the end of input, Ctrl-C
            gdb.execute("quit")
        line = told.stdout.decode().strip()
        try:
            gdb.execute(line, True)
        except gdb.error as error:
            print(error)
        return line != ""

class UpTo(gdb.Command):
    """up_to FUNCTION: select the frame of a function that has been called."""

    def __init__(self):
        super().__init__("up_to", gdb.COMMAND_USER)

    def invoke(self, function, from_tty):
        frame = gdb.newest_frame()
        while frame is not None and frame.name() != function:
            frame = frame.older()
        if frame is None:
            raise gdb.GdbError(f"{function} has not been called.")
        frame.select()
        gdb.execute("frame")

class InMemory(gdb.Command):
    """in_memory FILE: show where in the memory of the process the FILE's first
bytes are. What is left on the stack of functions that have returned does not
count."""

    def __init__(self):
        super().__init__("in_memory", gdb.COMMAND_USER)

    def invoke(self, path, from_tty):
        with open(path, "rb") as file:
            wanted = file.read(64)
        process = gdb.selected_inferior()
        stack_pointer = int(gdb.parse_and_eval("$sp"))
        places = []
        with open(f"/proc/{process.pid}/maps") as maps:
            for line in maps:
                span, access, _, _, _, *name = line.split(maxsplit=5)
                what = name[0].strip() if name else "no file"
                first, end = [int(address, 16) for address in span.split("-")]
                if first <= stack_pointer < end:
                    first = stack_pointer
                if "r" in access and not what.startswith("[v"):
                    place = process.search_memory(first, end - first, wanted)
                    if place is not None:
                        places.append(f"    {place:#x}, in {what}")
        print("\n".join(places) or "    nowhere")

StopHere()
UpTo()
InMemory()
if os.isatty(1) and not os.environ.get("NO_COLOR"):
    gdb.execute("set style enabled on") # -batch turns it off
end
