# Programs of this stage that the next one does not build upon.

PROGRAMS += handover

handover: build/handover.o build/fdpass.o
	$(COMPILE) -o $@ $^ $(LDLIBS)
