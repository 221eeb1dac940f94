#ifndef DOWNLOAD_H
#define DOWNLOAD_H

/* The file that is being received.  It has a temporary name, in the current
   folder, until it is complete: a download that is cut leaves nothing under the
   final name.  If the program is ended by SIGHUP, SIGINT or SIGTERM meanwhile,
   the file is removed.  There is one download at a time. */

/* Call once, before the first download.  Returns 0, -1 with errno. */
int download_init(void);

/* Create the file.  Returns its fd, open for reading and writing, which stays
   ours; -1 with errno. */
int download_open(void);

/* The file is complete: give it its name, in place of a file that has it.
   Returns 0, or -1 with errno and nothing kept: the disk may have failed, and
   says so only now (fsync(2), close(2)). */
int download_keep(const char *name);

/* Close and remove the file, if there is one.  Keeps errno. */
void download_drop(void);

#endif
