/* replay.c: give a target the inputs in files, without libFuzzer.
   So they can be run with any compiler, under a debugger or Valgrind. */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire.h"

enum { INPUT_MAX = 1 << 20 };

int
main(int argc, char **argv)
{
    static uint8_t data[INPUT_MAX];
    fuzz_start();
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (file == NULL)
            err(1, "%s", argv[i]);
        size_t size = fread(data, 1, sizeof data, file);
        if (ferror(file))
            err(1, "%s", argv[i]);
        fclose(file);
        /* In memory of just that size the sanitizer sees who reads on. */
        uint8_t *input = malloc(size);
        if (input == NULL)
            err(1, "%s", argv[i]);
        for (size_t at = 0; at < size; at++)
            input[at] = data[at];
        printf("%s\n", argv[i]); /* the last one said is the one that fails */
        fflush(stdout);
        fuzz_one(input, size);
        free(input);
    }
}
