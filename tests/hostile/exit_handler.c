/* exit_handler.c: a library with an exit handler, as many have: it would flush,
   or remove a temporary file.

     LD_PRELOAD=build/exit_handler.so EXIT_HANDLER_LOG=file ./server

   EXIT_HANDLER_LOG   the number of every process that runs the handler is added to
                      this file, a line each

   A forked child that ends by exit(3) runs what belongs to its parent. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((destructor)) static void
on_exit_of_process(void)
{
    const char *log = getenv("EXIT_HANDLER_LOG");
    int fd = log == NULL
                 ? -1
                 : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd == -1)
        return;
    dprintf(fd, "%d\n", getpid());
    close(fd);
}
