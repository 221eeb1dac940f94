#ifndef FD_LIMIT_H
#define FD_LIMIT_H

/* Have wanted descriptors, or as many as we may (RLIMIT_NOFILE, setrlimit(2)).
   Returns how many that are, or -1 with errno. */
int fd_limit_raise(int wanted);

/* Have wanted descriptors beside others that are needed in any case.  Returns
   how many of those wanted there may be, at least 1; if not all, says so. */
int fd_limit_beside(int others, int wanted);

#endif
