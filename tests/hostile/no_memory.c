/* no_memory.c: a library that makes a program run out of memory.

     LD_PRELOAD=build/no_memory.so NO_MEMORY_AT=3 ./server

   NO_MEMORY_AT     which call of malloc, calloc or realloc fails, from 1 on
   NO_MEMORY_PROOF  this file is created when it fails */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* The functions that ours stand in front of, by glibc's own names: dlsym(3)
   would allocate memory itself. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long calls;

/* Tell whether this call is the one to fail. */
static bool
is_refused(void)
{
    const char *at = getenv("NO_MEMORY_AT");
    const char *proof = getenv("NO_MEMORY_PROOF");
    if (at == NULL || ++calls != atol(at))
        return false;
    if (proof != NULL)
        close(open(proof, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *old, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(old, size);
}
