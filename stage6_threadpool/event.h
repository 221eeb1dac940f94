#ifndef EVENT_H
#define EVENT_H

/* An eventfd: a descriptor that one thread makes readable to tell another
   something (eventfd(2)). */

/* Make one, not readable yet.  Returns the fd, -1 with errno. */
int event_open(void);

/* Make it readable. */
void event_set(int event_fd);

/* Make it unreadable again. */
void event_clear(int event_fd);

#endif
