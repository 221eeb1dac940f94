#ifndef EVIL_SCRIPT_H
#define EVIL_SCRIPT_H

#include <stdint.h>

#include "evil_steps.h"

/* These end the program, with status 2, if there is a mistake in a word. */

/* Read a script.  Returns its steps, which stay to the end of the program; the
   word of the one behind the last is NULL. */
const struct step *script_parse(int count, char **words);

/* Read a number that belongs to no step. */
uint64_t script_number(const char *word, uint64_t number_max);

#endif
