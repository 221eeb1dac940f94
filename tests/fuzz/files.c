/* files.c: does service.c send the files that a plain model sends? */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "service.h"
#include "wire.h"

/* Only from stage 4 on is there more than one method. */
__attribute__((weak)) int sender_choose(const char *name);

enum { NAME_MOST = 255, TRAIN_MOST = 1024 * 1024, EXPECTED_MOST = 6 << 20 };

const char fuzz_name[] = "files";

static uint8_t expected[EXPECTED_MOST];
static size_t length;

void
fuzz_start(void)
{
    files_create();
}

static void
put(const void *bytes, size_t size)
{
    memcpy(expected + length, bytes, size);
    length += size;
}

static void
put_length(size_t size)
{
    uint8_t head[] = {size >> 24, size >> 16, size >> 8, size};
    put(head, sizeof head);
}

static void
put_refusal(const char *subject, const char *reason)
{
    char text[1024];
    snprintf(text, sizeof text, "-%s: %s", subject, reason);
    put_length(strlen(text));
    put(text, strlen(text));
}

static void
put_file(const char *name, size_t size)
{
    put_length(1 + strlen(name));
    put("+", 1);
    put(name, strlen(name));
    put_length(8);
    put_length(0); /* the upper half of the size */
    put_length(size);
    for (size_t at = 0; at < size; at++) {
        if (at % TRAIN_MOST == 0)
            put_length(size - at < TRAIN_MOST ? size - at : TRAIN_MOST);
        expected[length++] = FILES_BYTE(at);
    }
    put_length(0);
}

static void
answer(const uint8_t *request, size_t size)
{
    char name[NAME_MOST + 1] = "";
    memcpy(name, request, size);
    if (size == 0 || strlen(name) < size || strchr(name, '/') != NULL ||
        strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        put_refusal(name, "not a plain file name");
    else if (strcmp(name, "empty") == 0)
        put_file(name, 0);
    else if (strcmp(name, "small") == 0)
        put_file(name, FILES_SMALL);
    else if (strcmp(name, "large") == 0)
        put_file(name, FILES_LARGE);
    else if (strcmp(name, "folder") == 0)
        put_refusal(name, "not a regular file");
    else
        put_refusal(name, strerror(strcmp(name, "link") == 0 ? ELOOP : ENOENT));
}

/* Write all answers, or as many as a peer takes. */
static void
model(const uint8_t *in, size_t left)
{
    length = 0;
    while (left >= 4 && length < EXPECTED_MOST - 2 * TRAIN_MOST) {
        size_t size = (size_t)in[0] << 24 | in[1] << 16 | in[2] << 8 | in[3];
        if (size > TRAIN_MOST) {
            put_refusal("train", "longer than 1048576 bytes");
            return;
        }
        if (left - 4 < size)
            return;
        if (size > NAME_MOST)
            put_refusal("name", "longer than 255 bytes");
        else
            answer(in + 4, size);
        in += 4 + size;
        left -= 4 + size;
    }
}

void
fuzz_one(const uint8_t *data, size_t size)
{
    static const char *const methods[] = {"copy", "mmap", "sendfile", "splice"};
    wire_load(data, size, TRAIN_MOST + 4096);
    model(wire.in, wire.in_size);
    if (sender_choose != NULL)
        sender_choose(methods[wire_choice() % 4]);
    serve_client(wire_connect(true));
    if (wire_is_full() && length > wire.out_size)
        length = wire.out_size;
    fuzz_compare("answers", expected, length, wire.out, wire.out_size);
}
