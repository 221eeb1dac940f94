# Poolladder: everything is typed here, in the top folder. Each stage folder
# has its own short Makefile and does not need this one.
#
# Each target has a line `## name   text` above it: `make help` prints them.

# Every folder stage1_name, stage2_name ... with a Makefile in it is a stage.
# A new one needs no change here.
STAGES  := $(patsubst %/Makefile,%,$(wildcard stage[1-9]_*/Makefile))
NUMBERS := $(foreach s,$(STAGES),$(patsubst stage%,%,$(firstword $(subst _, ,$(s)))))

# The numbers of the bugs in the museum.
BUGS := $(shell ls tests/bugs | sed -n 's/^0*\([1-9][0-9]*\)-.*\.patch$$/\1/p')

# $(call folder,2) is stage2_fdpass
folder = $(firstword $(filter stage$(1)_%,$(STAGES)))

C_FILES  := $(wildcard stage*/*.[ch] stage*/*/*.[ch] tests/*/*.[ch])
SH_FILES := .ci/run $(wildcard tests/*.sh tests/*/*.sh tests/*.bash tests/*/*.bash tests/*/*/*.bash \
	tests/*.bats stage*/*/cgi-bin/*)

## all          build every stage (what plain `make` does)
all: $(STAGES)

$(STAGES):
	@$(MAKE) --no-print-directory -C $@

## help         this list
help:
	@sed -n 's/^## /  make /p' $(firstword $(MAKEFILE_LIST))

## stageN       build stage N, and say what to try next
$(NUMBERS:%=stage%): stage%:
	@$(MAKE) --no-print-directory -C $(call folder,$*)
	@tests/learner/next.sh $(call folder,$*)

## demo         every stage at work, a line of result each
demo:
	@tests/learner/demo.sh

## demoN        the same for stage N alone
$(NUMBERS:%=demo%): demo%:
	@tests/learner/demo.sh $*

## test         every test of the programs and of the project (Bats)
test:
	@tests/run.sh all

## test-tools   the tests of what shows and attacks them: draw, learn, chaos ...
test-tools:
	@tests/run.sh tools

## testN        the tests that stage N has to pass
$(NUMBERS:%=test%): test%:
	@tests/run.sh $*

## diffN        what stage N adds to the one before it
$(NUMBERS:%=diff%): diff%:
	@tests/learner/diff.sh $*

## gdbN         a guided tour of stage N in the debugger
$(NUMBERS:%=gdb%): gdb%:
	@tests/learner/tour.sh $*

## atN          stop stage N before a system call, and look (CALL=recvmsg)
$(NUMBERS:%=at%): at%:
	@tests/workshop/at.sh $*

## straceN      the system calls of stage N for each MiB of a file (from 4 on)
$(NUMBERS:%=strace%): strace%:
	@tests/learner/strace.sh $*

## drawN        draw what the processes of stage N do (DIR= SCENARIO= WITH=)
$(NUMBERS:%=draw%): draw%:
	@tests/draw/draw.sh $(DRAW_OPTIONS) $(or $(DIR),$*)

## draw         the same for RUN="a command", PID=123 or TRACE=file.trace
draw:
	@tests/draw/draw.sh $(DRAW_OPTIONS) $(if $(PID),--pid $(PID)) $(TRACE) \
		$(if $(RUN),-- $(RUN))

DRAW_OPTIONS = $(if $(SERVER),--program $(SERVER)) $(if $(ARGS),--args "$(ARGS)") \
	$(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(WITH),--with $(WITH)) \
	$(if $(WITH_ARGS),--with-args "$(WITH_ARGS)") $(if $(PAGE),--page $(PAGE)) \
	$(if $(ALL),--all) $(if $(PLAIN),--plain)

## bench        every server under the same load; SAVE=1 puts it into the notes
bench:
	@tests/bench/bench.sh $(if $(SAVE),--save)

## bench-quick  the same with everything small, in less than a minute
bench-quick:
	@tests/bench/bench.sh --quick

## charts       draw the charts of notes/measured.md again, from its data
charts:
	@tests/bench/save.sh notes/measured.txt notes

## memcheck     the tests again, every server under Valgrind
memcheck:
	@tests/checkers/memcheck.sh

## sanitize     the tests again, built with the address and undefined sanitizers
sanitize:
	@tests/checkers/sanitize.sh

## race         helgrind, DRD and the thread sanitizer on programs with threads
race:
	@tests/checkers/race.sh

## fuzz         invented inputs for the parsers (FUZZ=name DIR=folder SECONDS=300)
fuzz:
	@SECONDS_EACH='$(or $(SECONDS),300)' FUZZ='$(FUZZ)' DIR='$(DIR)' \
		tests/fuzz/fuzz.sh run

## fuzz-replay  the kept inputs alone, in seconds (FUZZ=name INPUT=file DIR=folder)
fuzz-replay:
	@FUZZ='$(FUZZ)' DIR='$(DIR)' tests/fuzz/fuzz.sh replay $(INPUT)

## inject       every system call fails once: PROGRAMS= CALLS= (minutes)
inject:
	@PROGRAMS='$(PROGRAMS)' CALLS='$(CALLS)' tests/inject/inject.sh all

## inject-quick the chosen ones, in a minute or two
inject-quick:
	@PROGRAMS='$(PROGRAMS)' CALLS='$(CALLS)' tests/inject/inject.sh short

## chaos        kills, resets, floods: is every byte right? SECONDS=20 SEED=N
chaos:
	@tests/reliability/chaos.sh $(if $(SECONDS),--seconds $(SECONDS))

## soak         what grows with the clients served? CONNECTIONS=20000 SEED=N
soak:
	@tests/reliability/soak.sh $(if $(CONNECTIONS),--connections $(CONNECTIONS))

## storm        stops at bad moments, by each way of ending: ROUNDS=30 SEED=N
storm:
	@tests/reliability/storm.sh $(if $(ROUNDS),--rounds $(ROUNDS))

## lossy        downloads through a bad network: CONNECTIONS=20 SEED=N
lossy:
	@tests/reliability/lossy.sh $(if $(CONNECTIONS),--connections $(CONNECTIONS))

## flakes       the tests N=50 times on a busy machine: STAGE= FILTER= LOAD=4
flakes:
	@tests/reliability/flakes.sh $(if $(SHORT),--short) $(if $(N),--runs $(N)) \
		$(if $(STAGE),--stage $(STAGE)) $(if $(FILTER),--filter '$(FILTER)') \
		$(if $(LOAD),--load $(LOAD))

## schedulesN   every schedule of the task queue (stage 6), or of the one in DIR=
$(NUMBERS:%=schedules%): schedules%:
	@tests/schedule/schedule.sh $*

## scheduleN    you are the scheduler of that queue; BUG=name puts a bug in
$(NUMBERS:%=schedule%): schedule%:
	@tests/schedule/play.sh $*

## learn        exercises, judged after every save (in a script: learn-list, -check ...)
learn:
	@tests/workshop/learn.sh

learn-%:
	@tests/workshop/learn.sh $*

## bugs         the museum of bugs that stand in published code
bugs:
	@tests/workshop/bugs.sh list

## bugN         show bug N at work, beside the healthy stage
$(BUGS:%=bug%): bug%:
	@tests/workshop/bugs.sh show $*

## hunt         a bug to find in a copy; again: is it mended? (GIVE_UP=1: what was it)
hunt:
	@tests/workshop/hunt.sh

## huntN        the same, in stage N
$(NUMBERS:%=hunt%): hunt%:
	@tests/workshop/hunt.sh $*

## prove        do bugs and exercises show what they say? (BUG=7, EX=reap, STAGE=2)
prove:
	@status=0; \
	$(if $(EX),:,tests/workshop/prove.sh bugs $(BUG)) || status=1; \
	$(if $(BUG),:,tests/workshop/prove.sh exercises $(EX)) || status=1; \
	exit $$status

## mutants      do the tests notice these mistakes? (ONLY=b01, STAGE=2, SHORT=1)
mutants:
	@tests/workshop/prove.sh mutants $(ONLY)

## doctor       which tools are here, which are missing, how to get them
doctor:
	@tests/learner/doctor.sh

## spread       carry FILE=net.c, changed in one stage, to all that share it
spread:
	@tests/maintainer/spread.sh '$(FILE)'

## format       put the C files into the house format
format:
	@clang-format -i $(C_FILES)

## check        is the C in the house format, and what does shellcheck say
check:
	@clang-format --dry-run -Werror $(C_FILES)
	@shellcheck -x $(SH_FILES)

## clean        remove what was built
clean: $(STAGES:%=%/clean) tests/clean

%/clean:
	@$(MAKE) --no-print-directory -C $* clean

# What is named in the lines of `make help`, with a number behind it or without.
TARGETS  := $(shell sed -n 's/^\#\# \([a-z-]*\) .*/\1/p' $(firstword $(MAKEFILE_LIST)))
NUMBERED := $(shell sed -n 's/^\#\# \([a-z]*\)N .*/\1/p' $(firstword $(MAKEFILE_LIST)))

# A number that nothing has ends here.
bug%:
	$(error there is no '$@'; `make bugs` lists them)

$(addsuffix %,$(filter-out bug,$(NUMBERED))):
	$(error there is no stage for '$@'; the stages are $(NUMBERS))

.PHONY: $(TARGETS) $(STAGES) $(BUGS:%=bug%) \
	$(foreach target,$(NUMBERED),$(NUMBERS:%=$(target)%))
