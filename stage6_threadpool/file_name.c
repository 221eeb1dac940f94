/* file_name.c: names of files, as a peer or a user gives them. */

#include <limits.h>
#include <string.h>

#include "file_name.h"

bool
file_name_is_plain(const char *name, size_t length)
{
    return length > 0 && length <= NAME_MAX && strlen(name) == length &&
           strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}
