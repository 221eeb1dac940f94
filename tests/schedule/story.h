#ifndef STORY_H
#define STORY_H

#include <stddef.h>

#include "explore.h"

/* Run a schedule again and print it, thread by thread, each step with its line
   of the source, which is looked for in the current folder.  Returns 0, -1 if
   the run does not go as it went before. */
int story_tell(const struct scenario *scenario,
               const struct schedule *schedule);

/* Print where each thread is. */
void story_print_threads(void);

/* The line of the source at this place, without the blanks before it; "" if
   there is none. */
const char *story_source_line(struct place place);

#endif
