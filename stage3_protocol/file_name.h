#ifndef FILE_NAME_H
#define FILE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Tell whether name, of that length, stands for a file of the current folder
   and can lead nowhere else: no slash, no zero byte, neither "." nor "..", and
   not longer than NAME_MAX. */
bool file_name_is_plain(const char *name, size_t length);

#endif
