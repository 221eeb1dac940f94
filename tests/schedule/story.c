/* story.c: a schedule in words. */

#include <stdio.h>
#include <string.h>

#include "explore.h"
#include "story.h"

enum { LINE_SIZE = 256 };

static const struct thread *teller; /* whose steps are printed */

const char *
story_source_line(struct place place)
{
    static char line[LINE_SIZE];
    FILE *file = place.file == NULL ? NULL : fopen(place.file, "r");
    bool found = file != NULL;
    for (int i = 0; i < place.line && found; i++)
        found = fgets(line, sizeof line, file) != NULL;
    if (file != NULL)
        fclose(file);
    if (!found)
        return "";
    line[strcspn(line, "\n")] = '\0';
    return line + strspn(line, " \t");
}

static void
print_event(const struct thread *thread, struct place place, const char *text)
{
    static struct place before;
    static const struct thread *thread_before;
    bool same = place.file == before.file && place.line == before.line &&
                thread == thread_before;
    if (thread != teller) {
        printf("%s\n", thread->name);
        same = false;
    }
    teller = thread;
    if (place.file == NULL) {
        printf("    %s\n", text);
    } else {
        if (!same || text[0] == '\0')
            printf("    %s:%-6d %s\n", place.file, place.line,
                   story_source_line(place));
        if (text[0] != '\0')
            printf("        -> %s\n", text);
    }
    before = place;
    thread_before = thread;
}

void
story_print_threads(void)
{
    char text[LINE_SIZE];
    for (int i = 0; i < engine_thread_count(); i++) {
        const struct thread *thread = engine_thread(i);
        struct place place = thread->wish.place;
        engine_describe(thread, text, sizeof text);
        printf("    %-10s %s", thread->name, text);
        if (!thread->ended && place.file != NULL)
            printf(" (%s:%d)", place.file, place.line);
        printf("\n");
    }
}

int
story_tell(const struct scenario *scenario, const struct schedule *schedule)
{
    struct move moves[MOVES_MAX];
    teller = NULL;
    engine_listener = print_event;
    engine_begin(scenario->main, scenario->spurious);
    for (int i = 0; i < schedule->length && engine_verdict() == NULL; i++)
        engine_step(schedule->moves[i]);
    engine_listener = NULL;
    if (engine_verdict() == NULL) {
        engine_moves(moves); /* nobody can go on: that is known only now */
        printf("and now nobody can go on:\n");
        story_print_threads();
    }
    const char *verdict = engine_verdict();
    return verdict != NULL && strcmp(verdict, schedule->verdict) == 0 ? 0 : -1;
}
