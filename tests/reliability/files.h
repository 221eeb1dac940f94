#ifndef FILES_H
#define FILES_H

#include <stdint.h>

#include "../bench/reply.h"

/* What honest guests ask for, and what it has to hold. */

struct file {
    char *name;          /* as it is asked for */
    const char *content; /* NULL if the size is 0 */
    uint64_t size;
};

struct files {
    struct file *list;
    int count;
};

/* Map every file of the folder.  Ends the program with a message if one cannot
   be read. */
void files_read(struct files *files, const char *directory,
                enum protocol protocol);

#endif
