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

## stageN       build stage N and say what to try next
$(NUMBERS:%=stage%): stage%:
	@$(MAKE) --no-print-directory -C $(call folder,$*)
	@tests/learner/next.sh $(call folder,$*)

## demo         every stage at work, one line of result for each
demo:
	@tests/learner/demo.sh

## demoN        the same for stage N alone
$(NUMBERS:%=demo%): demo%:
	@tests/learner/demo.sh $*

## test         every test of the programs and of the project (Bats)
test:
	@tests/run.sh all

## test-tools   the tests of the tools: draw, learn, chaos ...
test-tools:
	@tests/run.sh tools

## testN        the tests that stage N must pass
$(NUMBERS:%=test%): test%:
	@tests/run.sh $*

## diffN        what stage N adds to the one before it
$(NUMBERS:%=diff%): diff%:
	@tests/learner/diff.sh $*

## gdbN         a guided tour of stage N in the debugger
$(NUMBERS:%=gdb%): gdb%:
	@tests/learner/tour.sh $*

## atN          stop stage N before a system call and look (CALL=recvmsg)
$(NUMBERS:%=at%): at%:
	@tests/workshop/at.sh $*

## straceN      system calls for each MiB of a file, from stage 4 on
$(NUMBERS:%=strace%): strace%:
	@$(OWN_COPY) tests/learner/strace.sh $*

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

## bench        every server under the same load (SAVE=1: into the notes)
bench:
	@tests/bench/bench.sh $(if $(SAVE),--save)

## bench-quick  the same on a small scale, in less than a minute
bench-quick:
	@tests/bench/bench.sh --quick

## charts       redraw the charts of notes/measured.md from its data
charts:
	@tests/bench/save.sh notes/measured.txt notes

# The checkers and straceN look at a copy of your own: DIR=mine STAGE=6
OWN_COPY = $(if $(DIR),STAGE_DIR='$(abspath $(DIR))') $(if $(STAGE),STAGE='$(STAGE)')

## memcheck     the tests again, every server under Valgrind (DIR= STAGE=)
memcheck:
	@$(OWN_COPY) tests/checkers/memcheck.sh

## sanitize     the tests again, with the address and undefined sanitizers
sanitize:
	@$(OWN_COPY) tests/checkers/sanitize.sh

## race         threads under helgrind, DRD and the thread sanitizer
race:
	@$(OWN_COPY) tests/checkers/race.sh

## fuzz         random input for the parsers (FUZZ= DIR= SECONDS=300)
fuzz:
	@SECONDS_EACH='$(or $(SECONDS),300)' FUZZ='$(FUZZ)' DIR='$(DIR)' \
		tests/fuzz/fuzz.sh run

## fuzz-replay  only the saved inputs, in seconds (FUZZ= INPUT= DIR=)
fuzz-replay:
	@FUZZ='$(FUZZ)' DIR='$(DIR)' tests/fuzz/fuzz.sh replay $(INPUT)

## inject       make every system call fail once (PROGRAMS= CALLS=); minutes
inject:
	@PROGRAMS='$(PROGRAMS)' CALLS='$(CALLS)' tests/inject/inject.sh all

## inject-quick the same for chosen calls, in a minute or two
inject-quick:
	@PROGRAMS='$(PROGRAMS)' CALLS='$(CALLS)' tests/inject/inject.sh short

## chaos        kills, resets, floods: every byte right? (SECONDS=20 SEED=)
chaos:
	@tests/reliability/chaos.sh $(if $(SECONDS),--seconds $(SECONDS))

## soak         what grows with the clients served? (CONNECTIONS= SEED=)
soak:
	@tests/reliability/soak.sh $(if $(CONNECTIONS),--connections $(CONNECTIONS))

## storm        stop at bad moments, in every way (ROUNDS=30 SEED=)
storm:
	@tests/reliability/storm.sh $(if $(ROUNDS),--rounds $(ROUNDS))

## lossy        downloads over a bad network (CONNECTIONS=20 SEED=)
lossy:
	@tests/reliability/lossy.sh $(if $(CONNECTIONS),--connections $(CONNECTIONS))

## flakes       the tests N=50 times on a busy machine (STAGE= FILTER= ...)
flakes:
	@tests/reliability/flakes.sh $(if $(SHORT),--short) $(if $(N),--runs $(N)) \
		$(if $(STAGE),--stage $(STAGE)) $(if $(FILTER),--filter '$(FILTER)') \
		$(if $(LOAD),--load $(LOAD))

## schedulesN   every schedule of the task queue of stage 6, or of DIR=
$(NUMBERS:%=schedules%): schedules%:
	@tests/schedule/schedule.sh $*

## scheduleN    be the scheduler of that queue (BUG=name puts a bug in)
$(NUMBERS:%=schedule%): schedule%:
	@tests/schedule/play.sh $*

## learn        exercises, judged after every save (or learn-list, ...)
learn:
	@tests/workshop/learn.sh

learn-%:
	@tests/workshop/learn.sh $*

## bugs         the museum of bugs from published code
bugs:
	@tests/workshop/bugs.sh list

## bugN         show bug N at work, next to the healthy stage
$(BUGS:%=bug%): bug%:
	@tests/workshop/bugs.sh show $*

## hunt         find a bug in a copy; again: is it fixed? (GIVE_UP=1 tells)
hunt:
	@tests/workshop/hunt.sh

## huntN        the same, in stage N
$(NUMBERS:%=hunt%): hunt%:
	@tests/workshop/hunt.sh $*

## prove        do bugs and exercises show what they say? (BUG= EX= STAGE=)
prove:
	@status=0; \
	$(if $(EX),:,tests/workshop/prove.sh bugs $(BUG)) || status=1; \
	$(if $(BUG),:,tests/workshop/prove.sh exercises $(EX)) || status=1; \
	exit $$status

## mutants      do the tests notice these mistakes? (ONLY= STAGE= SHORT=1)
mutants:
	@tests/workshop/prove.sh mutants $(ONLY)

## doctor       which tools you have, which are missing, how to get them
doctor:
	@tests/learner/doctor.sh

## spread       copy FILE=net.c, changed in one stage, to all that share it
spread:
	@tests/maintainer/spread.sh '$(FILE)'

## format       put the C files into the house format
format:
	@clang-format -i $(C_FILES)

## check        check the format of the C, and run shellcheck
check:
	@clang-format --dry-run -Werror $(C_FILES)
	@shellcheck -x $(SH_FILES)

## clean        remove everything that was built
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
