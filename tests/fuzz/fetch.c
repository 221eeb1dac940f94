/* fetch.c: does the client save the files that a plain model saves?
   The input is what a server sends; files are asked for until one breaks the
   connection.  What is said on standard error must be printable. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fetch.h"
#include "wire.h"

/* Only from stage 4 on is there more than one method. */
__attribute__((weak)) int receiver_choose(const char *name);

enum { TRAIN_MOST = 1024 * 1024, TEXT_MOST = 1023, FILE_MOST = 2 << 20 };

const char fuzz_name[] = "fetch";

static const char wanted[] = "wanted";
static size_t at; /* the model's place in the stream */
static uint8_t contents[FILE_MOST];
static size_t contents_size;
static char said[65536]; /* on standard error */

void
fuzz_start(void)
{
    stdout = fopen("/dev/null", "w");
    if (stdout == NULL)
        fuzz_fail("/dev/null: %s", strerror(errno));
}

/* Take the next train of the stream, if all of it is there. */
static bool
next_train(const uint8_t **cargo, size_t *length)
{
    const uint8_t *head = wire.in + at;
    if (wire.in_size - at < 4)
        return false;
    *length = (size_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
    if (*length > TRAIN_MOST || wire.in_size - at - 4 < *length)
        return false;
    *cargo = head + 4;
    at += 4 + *length;
    return true;
}

/* What becomes of the next file? */
static enum fetch_outcome
model(void)
{
    const uint8_t *cargo;
    size_t length;
    uint64_t size = 0;
    contents_size = 0;
    if (!next_train(&cargo, &length) || length > TEXT_MOST ||
        memchr(cargo, '\0', length) != NULL)
        return FETCH_BROKEN;
    if (length > 0 && cargo[0] == '-')
        return FETCH_FAILED;
    if (length != strlen("+wanted") || memcmp(cargo, "+wanted", length) != 0 ||
        !next_train(&cargo, &length) || length != 8)
        return FETCH_BROKEN;
    for (int i = 0; i < 8; i++)
        size = size << 8 | cargo[i];
    while (next_train(&cargo, &length)) {
        if (length == 0)
            return contents_size == size ? FETCH_CAME : FETCH_BROKEN;
        if (length > size - contents_size)
            return FETCH_BROKEN;
        memcpy(contents + contents_size, cargo, length);
        contents_size += length;
    }
    return FETCH_BROKEN;
}

/* The folder holds the file, or nothing at all. */
static void
check_folder(bool came)
{
    static uint8_t saved[FILE_MOST];
    const struct dirent *entry;
    DIR *folder = opendir(".");
    if (folder == NULL)
        fuzz_fail("opendir: %s", strerror(errno));
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] == '.' && entry->d_name[1] != '\0' &&
            strcmp(entry->d_name, "..") != 0)
            fuzz_fail("left behind: %s", entry->d_name);
    closedir(folder);
    int fd = open(wanted, O_RDONLY);
    if (came != (fd != -1))
        fuzz_fail("the file is %s", came ? "missing" : "there");
    if (!came)
        return;
    ssize_t size = read(fd, saved, sizeof saved);
    close(fd);
    unlink(wanted);
    fuzz_compare("the file", contents, contents_size, saved, size);
}

static void
check_said(void)
{
    for (const char *c = said; *c != '\0'; c++)
        if ((*c < ' ' && *c != '\n') || *c > '~')
            fuzz_fail("said with byte %#x: %s", (unsigned char)*c, said);
    rewind(stderr);
    memset(said, 0, strlen(said));
}

/* Fetch until the connection is broken. */
static void
fetch_all(int fd)
{
    static const uint8_t request[] = {0, 0, 0, 6, 'w', 'a', 'n', 't', 'e', 'd'};
    struct fetch_options options = {.quiet = wire_choice() % 2 == 0};
    enum fetch_outcome expected;
    do {
        size_t before = wire.out_size;
        expected = model();
        enum fetch_outcome outcome = fetch_file(fd, wanted, &options);
        fflush(stderr);
        if (outcome != expected)
            fuzz_fail("expected outcome %d, got %d, saying '%s'", expected,
                      outcome, said);
        fuzz_compare("the request", request, sizeof request, wire.out + before,
                     wire.out_size - before);
        check_folder(outcome == FETCH_CAME);
        if ((outcome == FETCH_CAME) == (said[0] != '\0'))
            fuzz_fail("outcome %d, saying '%s'", outcome, said);
        check_said();
    } while (expected != FETCH_BROKEN);
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"copy", "mmap", "splice"};
    static FILE *said_file;
    if (said_file == NULL)
        said_file = fmemopen(said, sizeof said, "w");
    if (said_file == NULL)
        fuzz_fail("fmemopen: %s", strerror(errno));
    wire_load(data, size, TRAIN_MOST + 4096);
    at = 0;
    if (receiver_choose != NULL)
        receiver_choose(methods[wire_choice() % 3]);
    FILE *before = stderr;
    stderr = said_file; /* for warn(3) */
    fetch_all(wire_connect(true));
    stderr = before;
}
