#ifndef FILES_H
#define FILES_H

/* The files that are asked for. */

/* Create them in the current folder: "empty", "small", "large" of more than a
   train, "folder", and "link", which leads to small. */
void files_create(void);

/* The byte at this place of small and large. */
#define FILES_BYTE(at) ((unsigned char)((at)*31 + (at) / 251))

enum { FILES_SMALL = 300, FILES_LARGE = 1024 * 1024 + 5 };

#endif
