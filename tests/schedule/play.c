/* play.c: the rules of the game, and what its screen shows. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "play.h"
#include "story.h"
#include "sync.h"

static char events[PLAY_LOG][PLAY_LINE_SIZE]; /* a ring of what happened */
static int event_count;

static void
keep_event(const struct thread *thread, struct place place, const char *text)
{
    char *event = events[event_count % PLAY_LOG];
    if (text[0] != '\0')
        snprintf(event, PLAY_LINE_SIZE, "%s: %s", thread->name, text);
    else
        snprintf(event, PLAY_LINE_SIZE, "%s: %s", thread->name,
                 story_source_line(place));
    event_count++;
}

/* Run the game again from its beginning to where it stands. */
static void
rerun(const struct game *game)
{
    const struct schedule *schedule = &game->schedule;
    event_count = 0;
    engine_listener = keep_event;
    engine_begin(game->scenario->main, game->scenario->spurious);
    for (int i = 0; i < schedule->length; i++)
        engine_step(schedule->moves[i]);
}

void
play_begin(struct game *game, const struct scenario *scenario,
           const char *title)
{
    *game = (struct game){.scenario = scenario, .title = title};
    rerun(game);
}

enum play_state
play_state(void)
{
    struct move moves[MOVES_MAX];
    if (engine_moves(moves) > 0)
        return PLAY_ON;
    return engine_verdict() == NULL ? PLAY_ALL_WELL : PLAY_WON;
}

static void
make_move(struct game *game, struct move move)
{
    struct schedule *schedule = &game->schedule;
    schedule->moves[schedule->length++] = move;
    engine_step(move);
}

/* Count the moves that a thread has. */
static int
count_moves(int thread)
{
    struct move moves[MOVES_MAX];
    int all = engine_moves(moves);
    int count = 0;
    for (int i = 0; i < all; i++)
        count += moves[i].thread == thread;
    return count;
}

static const char *
step_back(struct game *game)
{
    if (game->asks_whom) {
        game->asks_whom = false;
        return NULL;
    }
    if (game->schedule.length == 0)
        return "this is the beginning";
    game->schedule.length--;
    rerun(game);
    return NULL;
}

/* Let a thread go, or ask whom its signal is to wake. */
static const char *
let_go(struct game *game, int thread)
{
    if (play_state() != PLAY_ON)
        return "it is over: u takes a step back";
    if (thread >= engine_thread_count())
        return "there is no such thread";
    int count = count_moves(thread);
    if (count == 0)
        return "this thread cannot go on";
    if (game->schedule.length == STEPS_MAX)
        return "this is long enough";
    game->asks_whom = count > 1;
    game->signaller = thread;
    if (count == 1)
        make_move(game, (struct move){.thread = thread});
    return NULL;
}

/* Wake this one.  The choices of a signal are the sleepers in their order. */
static const char *
wake(struct game *game, int thread)
{
    const struct object *condition =
        engine_thread(game->signaller)->wish.object;
    int choice = 0;
    for (int i = 0; i < engine_thread_count(); i++) {
        if (!sync_can_be_woken(engine_thread(i), condition))
            continue;
        if (i == thread) {
            game->asks_whom = false;
            make_move(game, (struct move){game->signaller, choice});
            return NULL;
        }
        choice++;
    }
    return "this thread does not sleep there";
}

const char *
play_key(struct game *game, int key)
{
    if (key == 'u')
        return step_back(game);
    if (key < '0' || key > '9')
        return "keys: a number, u, ? and q";
    return game->asks_whom ? wake(game, key - '0') : let_go(game, key - '0');
}

/* ---- The screen ---- */

__attribute__((format(printf, 3, 4))) static void
add_line(struct screen *screen, int width, const char *format, ...)
{
    va_list arguments;
    if (screen->count == PLAY_LINES)
        return;
    char *line = screen->lines[screen->count];
    va_start(arguments, format);
    vsnprintf(line, PLAY_LINE_SIZE, format, arguments);
    va_end(arguments);
    if (width < PLAY_LINE_SIZE)
        line[width] = '\0';
    screen->ready[screen->count++] = false;
}

/* A thread, and the line of the source at which it is. */
static void
show_thread(struct screen *screen, int width, const struct thread *thread)
{
    char state[PLAY_LINE_SIZE];
    struct place place = thread->wish.place;
    bool ready = count_moves(thread->number) > 0;
    engine_describe(thread, state, sizeof state);
    add_line(screen, width, "%c%d %-9s %s%s", ready ? '>' : ' ', thread->number,
             thread->name, state,
             ready && engine_is_idle_wake(thread)
                 ? " (may wake up for no reason)"
                 : "");
    screen->ready[screen->count - 1] = ready;
    if (thread->ended || (place.file == NULL && !ready))
        add_line(screen, width, "%s", "");
    else if (place.file != NULL)
        add_line(screen, width, "     %s:%d %s", place.file, place.line,
                 story_source_line(place));
    else
        add_line(screen, width, "     %s",
                 thread->wish.held_up == NULL ? "" : thread->wish.held_up);
}

static void
show_mutexes(struct screen *screen, int width)
{
    const struct object *held = NULL;
    for (int i = 0; i < engine_thread_count(); i++) {
        held = sync_held_by(i);
        if (held != NULL)
            add_line(screen, width, "mutex  %s: %s %s", held->name,
                     engine_thread(i)->name,
                     engine_thread(i)->ended ? "took it to its grave"
                                             : "holds it");
    }
    if (held == NULL && screen->lines[screen->count - 1][0] != 'm')
        add_line(screen, width, "mutex  free");
}

static void
show_sleepers(struct screen *screen, int width)
{
    char names[PLAY_LINE_SIZE] = "";
    size_t length = 0;
    for (int i = 0; i < engine_thread_count(); i++)
        if (!engine_thread(i)->ended && engine_is_idle_wake(engine_thread(i)))
            length += snprintf(names + length, sizeof names - length, " %s",
                               engine_thread(i)->name);
    add_line(screen, width, "asleep%s", length == 0 ? " nobody" : names);
}

static void
show_result(const struct game *game, struct screen *screen, int width)
{
    add_line(screen, width, "%s", "");
    if (game->asks_whom)
        add_line(screen, width, "Whom does the signal wake? Type a number.");
    else if (play_state() == PLAY_WON)
        add_line(screen, width, "You have won: %s.", engine_verdict());
    else if (play_state() == PLAY_ALL_WELL)
        add_line(screen, width, "All went well: you have not won.");
}

/* Show the latest events, at most so many. */
static void
show_events(struct screen *screen, int width, int count)
{
    int first = event_count > count ? event_count - count : 0;
    for (int i = first; i < event_count; i++)
        add_line(screen, width, "  %s", events[i % PLAY_LOG]);
}

void
play_show(const struct game *game, struct screen *screen, int width, int height)
{
    char queue[PLAY_LINE_SIZE / 2];
    screen->count = 0;
    add_line(screen, width, "%s", game->title);
    add_line(screen, width, "%s; step %d", game->scenario->text,
             game->schedule.length);
    add_line(screen, width, "%s", "");
    for (int i = 0; i < engine_thread_count(); i++)
        show_thread(screen, width, engine_thread(i));
    subject_view(queue, sizeof queue);
    add_line(screen, width, "%s", "");
    add_line(screen, width, "queue  %s", queue);
    show_mutexes(screen, width);
    show_sleepers(screen, width);
    add_line(screen, width, "%s", "");
    int room = height - screen->count - 2; /* for the result */
    show_events(screen, width, room < PLAY_LOG ? room : PLAY_LOG);
    show_result(game, screen, width);
}

int
play_replay(struct game *game, const char *keys)
{
    struct screen screen;
    for (const char *key = keys; *key != '\0'; key++) {
        const char *refusal = play_key(game, *key);
        if (refusal != NULL) {
            fprintf(stderr, "schedule: key %d, '%c': %s\n",
                    (int)(key - keys) + 1, *key, refusal);
            return 2;
        }
    }
    play_show(game, &screen, PLAY_LINE_SIZE, PLAY_LINES);
    for (int i = 0; i < screen.count; i++)
        printf("%s\n", screen.lines[i]);
    return play_state() == PLAY_WON ? 0 : 1;
}
