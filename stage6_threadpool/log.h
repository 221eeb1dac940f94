#ifndef LOG_H
#define LOG_H

#include <sys/types.h>

/* Let a line be lost, rather than wait, if nobody reads the pipe or the
   terminal that is standard error.  The next line that gets through says how
   many. */
void log_init(void);

/* Print one event on standard error: "[id] text", where id is the thread (in a
   process with one thread: the process) that says it.  The line leaves in a
   single write, so lines of several processes do not mix.  Whatever is not
   printable ASCII is shown as \xNN: a peer cannot forge a line or move the
   cursor.  errno is kept. */
void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print how a process of ours ended.  role says what it was, status is what
   waitpid(2) told. */
void log_process_end(const char *role, pid_t pid, int status);

#endif
