#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Memory for the sources that are tried: each run begins with none, and what is
   written beside it is noticed. */

/* Take back all of it. */
void memory_reset(void);

/* Tell whether everything beside what was given is as it was. */
bool memory_is_sound(void);

/* Say where a number comes from that the sources never wrote: ", new memory"
   and the like, or "". */
const char *memory_origin(int number);

/* malloc(3) and its family. */
void *memory_malloc(size_t size);
void *memory_calloc(size_t count, size_t size);
void *memory_realloc(void *old, size_t size);
void memory_free(void *memory);

#endif
