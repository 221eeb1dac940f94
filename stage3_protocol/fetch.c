/* fetch.c: one download, from the request to the file.
   service.c tells what goes over the wire. */

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "download.h"
#include "fetch.h"
#include "progress.h"
#include "rate.h"
#include "receiver.h"
#include "text.h"
#include "train.h"

enum {
    MESSAGE_SIZE = 1024,
    ESCAPED_SIZE = 4 * MESSAGE_SIZE,
};

/* Ask for a file and receive the first train of the answer as a text.  Returns
   1, 0 or -1 as train_receive does; EPROTO: it is none. */
static int
ask(int server_fd, const char *name, char *text, size_t size)
{
    size_t length;
    if (train_send(server_fd, name, strlen(name), 0) == -1)
        return -1;
    int result = train_receive(server_fd, text, size - 1, &length);
    if (result != 1)
        return result;
    text[length] = '\0';
    if (strlen(text) == length)
        return 1;
    errno = EPROTO;
    return -1;
}

/* Receive the size of a file.  Returns as above; EPROTO: it is none. */
static int
receive_size(int server_fd, uint64_t *size)
{
    uint64_t wire_size;
    size_t length;
    int result =
        train_receive(server_fd, &wire_size, sizeof wire_size, &length);
    if (result == 1 && length != sizeof wire_size) {
        errno = EPROTO;
        return -1;
    }
    *size = be64toh(wire_size);
    return result;
}

/* Say why a request got no file. */
static void
complain(const char *name, int result)
{
    if (result == 0 || errno == EPIPE || errno == ECONNRESET)
        warnx("%s: connection closed by the server", name);
    else if (errno == ENOBUFS || errno == EMSGSIZE || errno == EPROTO)
        warnx("%s: the server's answer is none of this protocol", name);
    else
        warn("%s", name);
}

/* Ask for a file and learn its size. */
static enum fetch_outcome
request(int server_fd, const char *name, const char *safe_name, uint64_t *size)
{
    char text[MESSAGE_SIZE];
    char safe_text[ESCAPED_SIZE];
    int result = ask(server_fd, name, text, sizeof text);
    if (result == 1) {
        text_escape(safe_text, sizeof safe_text, text);
        if (text[0] == '-') {
            if (text[1] == '\0')
                warnx("%s: refused, without a reason", safe_name);
            else
                warnx("%s", safe_text + 1);
            return FETCH_FAILED;
        }
        if (text[0] != '+' || strcmp(text + 1, name) != 0) {
            warnx("%s: the server answers '%s'", safe_name, safe_text);
            return FETCH_BROKEN;
        }
        result = receive_size(server_fd, size);
    }
    if (result == 1)
        return FETCH_CAME;
    complain(safe_name, result);
    return FETCH_BROKEN;
}

static void
summarize(const struct progress *progress)
{
    double seconds = progress_seconds(progress);
    char speed[PROGRESS_SIZE_TEXT];
    progress_format_size(speed, seconds > 0 ? progress->done / seconds : 0);
    printf("%s: %ju bytes in %.2f s, %s/s\n", progress->name,
           (uintmax_t)progress->done, seconds, speed);
}

/* Say why a file was cut, keeping nothing of it. */
static void
report_cut(const struct progress *progress)
{
    uintmax_t done = progress->done;
    uintmax_t size = progress->size;
    if (errno == EPIPE || errno == ECONNRESET)
        warnx("%s: connection closed after %ju of %ju bytes", progress->name,
              done, size);
    else
        warn("%s: cut after %ju of %ju bytes", progress->name, done, size);
}

/* Receive the file that the server has announced, and save it. */
static enum fetch_outcome
receive(int server_fd, const char *name, struct progress *progress,
        const struct fetch_options *options)
{
    int file_fd = download_open();
    if (file_fd == -1) {
        warn("%s: create a temporary file", progress->name);
        return FETCH_BROKEN;
    }
    struct rate rate;
    rate_init(&rate, options->limit_rate);
    struct receiver receiver = {
        .server_fd = server_fd,
        .file_fd = file_fd,
        .progress = progress,
        .rate = &rate,
    };
    int result = receiver_receive(&receiver);
    int saved_errno = errno;
    progress_end(progress);
    errno = saved_errno;
    if (result == -1) {
        report_cut(progress);
        download_drop();
        return FETCH_BROKEN;
    }
    if (download_keep(name) == -1) {
        warn("%s: save", progress->name);
        return FETCH_FAILED;
    }
    if (!options->quiet)
        summarize(progress);
    return FETCH_CAME;
}

enum fetch_outcome
fetch_file(int server_fd, const char *name, const struct fetch_options *options)
{
    char safe_name[4 * NAME_MAX + 1];
    text_escape(safe_name, sizeof safe_name, name);
    uint64_t size = 0;
    enum fetch_outcome outcome = request(server_fd, name, safe_name, &size);
    if (outcome != FETCH_CAME)
        return outcome;
    struct progress progress;
    progress_start(&progress, safe_name, size,
                   options->progress && !options->quiet);
    return receive(server_fd, name, &progress, options);
}
