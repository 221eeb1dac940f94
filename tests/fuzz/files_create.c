/* files_create.c: the files that are asked for. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "wire.h"

static void
create(const char *name, size_t size)
{
    FILE *file = fopen(name, "w");
    if (file == NULL)
        fuzz_fail("%s: %s", name, strerror(errno));
    for (size_t at = 0; at < size; at++)
        putc(FILES_BYTE(at), file);
    if (fclose(file) == EOF)
        fuzz_fail("%s: %s", name, strerror(errno));
}

void
files_create(void)
{
    create("empty", 0);
    create("small", FILES_SMALL);
    create("large", FILES_LARGE);
    if (mkdir("folder", 0777) == -1 || symlink("small", "link") == -1)
        fuzz_fail("folder, link: %s", strerror(errno));
}
