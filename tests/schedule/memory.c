/* memory.c: malloc for the sources that are tried.
   Blocks are cut one after another from an array, each with a fence before and
   behind it.  Nothing is used twice in a run, so what is used after free is
   noticed as well: it is filled with nonsense by then. */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "engine.h"
#include "memory.h"

enum {
    SPACE = 256 * 1024,
    BLOCKS_MAX = 64,
    FENCE = 16, /* bytes, and what every block begins at a multiple of */
    FENCE_BYTE = 0xfd,
    FRESH_BYTE = 0xa5, /* new memory is not zero */
    FREED_BYTE = 0xdd,
};

static _Alignas(FENCE) unsigned char space[SPACE];
static size_t used;
static struct block {
    unsigned char *memory;
    size_t size;
    bool freed;
} blocks[BLOCKS_MAX];
static int count;

void
memory_reset(void)
{
    used = 0;
    count = 0;
}

static bool
is_fence(const unsigned char *fence)
{
    for (int i = 0; i < FENCE; i++)
        if (fence[i] != FENCE_BYTE)
            return false;
    return true;
}

bool
memory_is_sound(void)
{
    for (int i = 0; i < count; i++)
        if (!is_fence(blocks[i].memory - FENCE) ||
            !is_fence(blocks[i].memory + blocks[i].size))
            return false;
    return true;
}

void *
memory_malloc(size_t size)
{
    size_t room = (size + FENCE - 1) / FENCE * FENCE + 2 * FENCE;
    if (size > SPACE || room > SPACE - used || count == BLOCKS_MAX) {
        errno = ENOMEM;
        return NULL;
    }
    unsigned char *memory = space + used + FENCE;
    memset(space + used, FENCE_BYTE, room);
    memset(memory, FRESH_BYTE, size);
    used += room;
    blocks[count++] = (struct block){.memory = memory, .size = size};
    return memory;
}

void *
memory_calloc(size_t number, size_t size)
{
    if (size != 0 && number > SPACE / size) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = memory_malloc(number * size);
    return memory == NULL ? NULL : memset(memory, 0, number * size);
}

const char *
memory_origin(int number)
{
    switch ((unsigned)number) {
    case 0x01010101u * FENCE_BYTE:
        return " (read outside of the memory that malloc gave)";
    case 0x01010101u * FRESH_BYTE:
        return " (read where nothing was written)";
    case 0x01010101u * FREED_BYTE:
        return " (read from memory that is free)";
    default:
        return "";
    }
}

static struct block *
find(const void *memory)
{
    for (int i = 0; i < count; i++)
        if (blocks[i].memory == memory && !blocks[i].freed)
            return &blocks[i];
    engine_wrong("%s frees what malloc did not give, or twice",
                 engine_self()->name);
}

void
memory_free(void *memory)
{
    if (memory == NULL)
        return;
    struct block *block = find(memory);
    block->freed = true;
    memset(block->memory, FREED_BYTE, block->size);
}

void *
memory_realloc(void *old, size_t size)
{
    void *memory = memory_malloc(size);
    if (old == NULL || memory == NULL)
        return memory;
    size_t old_size = find(old)->size;
    memcpy(memory, old, old_size < size ? old_size : size);
    memory_free(old);
    return memory;
}
