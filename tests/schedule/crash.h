#ifndef CRASH_H
#define CRASH_H

/* From now on a thread that crashes, or that turns in a circle without a call,
   ends its run and not the program. */
void crash_catch(void);

#endif
