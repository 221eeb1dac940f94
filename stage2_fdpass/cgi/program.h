#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

/* A program that runs for a request: the leader of a process group of its own,
   with pipes for its standard input, output and error.  Our ends do not block;
   who closes one of them sets it to -1. */
struct program {
    pid_t pid;
    int end_fd; /* readable when it may have ended (SIGCHLD, signalfd(2)) */
    int input_fd;
    int output_fd;
    int error_fd;
    bool has_ended;
    bool has_crashed; /* it was ended by a signal */
};

/* Start the program.  It gets that environment, its path as only argument, no
   descriptor but 0 to 2, signals as they are by default, and our working
   directory.  Returns 0, or -1 with errno also if it cannot be executed. */
int program_start(struct program *program, const char *path,
                  char *const *environment);

/* Close one of our ends, if it is open. */
void program_close(int *fd);

/* Check whether the program has ended; call this when end_fd is readable.  If
   so, note how, and kill all that it has left in its group. */
void program_collect(struct program *program);

/* Kill the group, wait for the program, close our ends of the pipes. */
void program_end(struct program *program);

#endif
