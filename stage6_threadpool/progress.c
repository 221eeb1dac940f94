/* progress.c: a progress bar.
   name  45% [=====>      ]   12.3 MiB  110.2 MiB/s  00:03
   Where the terminal is narrow the bar goes first, then the name. */

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

enum {
    COLUMNS_DEFAULT = 80,
    COLUMNS_MAX = 512,
    NAME_COLUMNS = 20,
    BAR_COLUMNS_MIN = 8, /* the brackets and the space after them included */
};

static const double redraw_seconds = 0.1;

static int
terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

char *
progress_format_size(char *text, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (bytes >= 1023.95 && unit < sizeof units / sizeof units[0] - 1) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, PROGRESS_SIZE_TEXT, unit == 0 ? "%.0f %s" : "%.1f %s", bytes,
             units[unit]);
    return text;
}

double
progress_seconds(const struct progress *progress)
{
    return clock_now() - progress->started;
}

/* Write the time left, "mm:ss", to text; "--:--" when it cannot be told. */
static void
format_left(char *text, size_t size, double bytes_left, double per_second)
{
    double seconds = per_second > 0 ? bytes_left / per_second : -1;
    if (bytes_left == 0)
        seconds = 0;
    if (seconds < 0 || seconds >= 100 * 60) {
        snprintf(text, size, "--:--");
    } else {
        unsigned whole = seconds;
        snprintf(text, size, "%02u:%02u", whole / 60, whole % 60);
    }
}

static int
percent(const struct progress *progress)
{
    if (progress->size == 0)
        return 100;
    return 100.0 * progress->done / progress->size;
}

/* Write the bar, columns wide, to text: "[===>   ] ". */
static void
format_bar(char *text, int columns, int percentage)
{
    int inside = columns - 3;
    int filled = inside * percentage / 100;
    memset(text, ' ', columns);
    text[0] = '[';
    memset(text + 1, '=', filled);
    if (filled < inside)
        text[1 + filled] = '>';
    text[1 + inside] = ']';
    text[columns] = '\0';
}

/* Compose the line; it fits into columns, which are COLUMNS_MAX at most. */
static void
format_line(const struct progress *progress, char *line, int columns)
{
    double seconds = progress_seconds(progress);
    double per_second = seconds > 0 ? progress->done / seconds : 0;
    char done[PROGRESS_SIZE_TEXT];
    char speed[PROGRESS_SIZE_TEXT];
    char left[16];
    char head[8];
    char tail[64];
    char bar[COLUMNS_MAX + 1] = "";
    progress_format_size(done, progress->done);
    progress_format_size(speed, per_second);
    format_left(left, sizeof left, progress->size - progress->done, per_second);
    snprintf(head, sizeof head, "%3d%% ", percent(progress));
    snprintf(tail, sizeof tail, "%10s %10s/s  %s", done, speed, left);

    int room = columns - strlen(head) - strlen(tail);
    int name = room - 1; /* a space follows it */
    if (name > NAME_COLUMNS)
        name = NAME_COLUMNS;
    if (name < 0)
        name = 0;
    if (room - name - 1 >= BAR_COLUMNS_MIN)
        format_bar(bar, room - name - 1, percent(progress));
    snprintf(line, columns + 1, "%-*.*s%s%s%s%s", name, name, progress->name,
             name > 0 ? " " : "", head, bar, tail);
}

static void
draw(struct progress *progress)
{
    char line[COLUMNS_MAX + 1];
    /* The last column stays free: some terminals wrap as soon as it is full. */
    format_line(progress, line, terminal_columns() - 1);
    dprintf(STDERR_FILENO, "\r%s", line);
    progress->drawn = clock_now();
}

/* A job in the background does not write over the one in front. */
static bool
in_foreground(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO);
    return group == -1 || group == getpgrp();
}

void
progress_start(struct progress *progress, const char *name, uint64_t size,
               bool shown)
{
    *progress = (struct progress){
        .name = name,
        .shown = shown,
        .size = size,
        .started = clock_now(),
    };
}

void
progress_add(struct progress *progress, size_t n)
{
    progress->done += n;
    if (progress->shown && in_foreground() &&
        clock_now() - progress->drawn >= redraw_seconds)
        draw(progress);
}

void
progress_end(struct progress *progress)
{
    if (!progress->shown || !in_foreground())
        return;
    draw(progress);
    dprintf(STDERR_FILENO, "\n");
}
