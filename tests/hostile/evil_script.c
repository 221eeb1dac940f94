/* evil_script.c: from the words of a script to its steps. */

#include "evil_script.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void
wrong_word(const char *word, const char *why)
{
    errx(WRONG_USAGE, "step '%s': %s", word, why);
}

/* Find the kind of this word in a list.  Returns NULL if it is not there. */
static const struct kind *
find_in(const struct kind *kinds, const char *word)
{
    size_t length = strcspn(word, ":");
    for (; kinds->name != NULL; kinds++)
        if (strlen(kinds->name) == length &&
            strncmp(kinds->name, word, length) == 0)
            return kinds;
    return NULL;
}

static const struct kind *
find_kind(const char *word)
{
    const struct kind *const lists[] = {socket_kinds, send_kinds, receive_kinds,
                                        end_kinds};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const struct kind *kind = find_in(lists[i], word);
        if (kind != NULL)
            return kind;
    }
    wrong_word(word, "no such step");
}

/* Turn the escape after a backslash into a byte.  Returns the rest of text. */
static const char *
resolve_escape(const char *word, const char *text, char *byte)
{
    static const char letters[] = "nrt0\\";
    static const char meanings[] = "\n\r\t\0\\";
    const char *letter = *text == '\0' ? NULL : strchr(letters, *text);
    if (letter != NULL) {
        *byte = meanings[letter - letters];
        return text + 1;
    }
    char digits[3] = "";
    char *end = digits;
    if (*text == 'x') {
        strncpy(digits, text + 1, 2);
        *byte = strtoul(digits, &end, 16);
    }
    if (end != digits + 2)
        wrong_word(word, "expected \\n \\r \\t \\0 \\\\ or \\xNN");
    return text + 3;
}

static void
parse_text(struct step *step, const char *text)
{
    step->text = malloc(strlen(text) + 1);
    if (step->text == NULL)
        err(FAILURE, "malloc");
    while (*text != '\0') {
        char byte = *text++;
        if (byte == '\\')
            text = resolve_escape(step->word, text, &byte);
        step->text[step->length++] = byte;
    }
}

/* Read a number up to the character that ends it.  Returns what follows. */
static const char *
parse_number(struct step *step, const char *text, char end_mark)
{
    char *end;
    errno = 0;
    step->number = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end != end_mark || errno == ERANGE ||
        step->number > step->kind->number_max)
        wrong_word(step->word, "expected another number");
    return end + 1;
}

static void
parse_seconds(struct step *step, const char *text)
{
    char *end;
    step->seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(step->seconds >= 0) ||
        step->seconds > 1e5)
        wrong_word(step->word, "expected seconds");
}

static void
parse_argument(struct step *step, const char *text)
{
    struct in_addr address;
    switch (step->kind->argument) {
    case NOTHING:
        break;
    case TEXT:
        parse_text(step, text);
        step->number = UINT64_MAX; /* flood: no end in sight */
        break;
    case NUMBER:
        parse_text(step, "\\0"); /* what zeros repeats */
        parse_number(step, text, '\0');
        break;
    case NUMBER_AND_TEXT:
        parse_text(step, parse_number(step, text, ':'));
        break;
    case SECONDS:
        parse_seconds(step, text);
        break;
    case ADDRESS:
        if (inet_pton(AF_INET, text, &address) != 1)
            wrong_word(step->word, "expected an IPv4 address");
        step->number = address.s_addr;
    }
}

static struct step
parse_step(const char *word)
{
    struct step step = {.kind = find_kind(word), .word = word};
    const char *colon = strchr(word, ':');
    if ((colon != NULL) != (step.kind->argument != NOTHING))
        wrong_word(word, colon ? "takes no argument" : "needs an argument");
    parse_argument(&step, colon == NULL ? NULL : colon + 1);
    if (step.kind->repeats && (step.length == 0 || step.length > BLOCK_SIZE))
        wrong_word(word, "expected a text of 1 to 65536 bytes");
    return step;
}

const struct step *
script_parse(int count, char **words)
{
    struct step *steps = calloc(count + 1, sizeof *steps);
    if (steps == NULL)
        err(FAILURE, "calloc");
    bool leading = true;
    for (int i = 0; i < count; i++) {
        steps[i] = parse_step(words[i]);
        if (steps[i].kind->place == FIRST && !leading)
            wrong_word(words[i], "goes before all other steps");
        leading = leading && steps[i].kind->place != LATER;
    }
    return steps;
}

uint64_t
script_number(const char *word, uint64_t number_max)
{
    const struct kind kind = {.number_max = number_max};
    struct step step = {.kind = &kind, .word = word};
    parse_number(&step, word, '\0');
    return step.number;
}
