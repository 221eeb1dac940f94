#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/* Copy text to safe, which has size bytes (more than none), with all that is
   not printable ASCII turned into \xNN: then nobody's text can forge a line,
   move the cursor or ring the bell.  What does not fit is cut off. */
void text_escape(char *safe, size_t size, const char *text);

#endif
