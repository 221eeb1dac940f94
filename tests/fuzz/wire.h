#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A peer in memory.  A descriptor stands for the connection to it; read(2),
   send(2) and their like are wrapped by the linker (--wrap) and, on that
   descriptor, move bytes from and to memory.  The program under test is not
   changed and does not notice.

   An input is a line and then what the peer sends.  Each character of the line
   decides what one call does, and when the line is used up it begins again:

     1 to 9   move so many bytes at the most
     a to z   move 16, 32 ... 416 at the most
     .        fail with EINTR
     -        fail with EAGAIN, if the call does not block; else move one byte
     others   move all

   In what the peer sends, WIRE_REPEAT C N stands for the byte C, N * 1024 times:
   so short inputs reach the limits of long ones.  C is no newline: some 100,000
   lines would only take time. */

enum { WIRE_REPEAT = 0xf5 };

/* What every target has. */
extern const char fuzz_name[];
void fuzz_start(void);                           /* once, before the rest */
void fuzz_one(const uint8_t *data, size_t size); /* an input */

/* What the peer sends, and what it has received. */
struct wire {
    const uint8_t *in;
    size_t in_size;
    const uint8_t *out;
    size_t out_size;
};

extern struct wire wire;

/* Take an input whose peer sends at most so many bytes. */
void wire_load(const uint8_t *data, size_t size, size_t most);

/* Begin a conversation, from the first byte.  Returns its descriptor, on which
   no call waits if it is said not to block.  What an earlier conversation has
   received is still in memory after this, but no longer in wire. */
int wire_connect(bool blocks);

/* Has a peer that takes no more than this been sent so much?  Then it is
   gone. */
bool wire_is_full(void);

/* A number that the input decides: the first character of its line. */
unsigned wire_choice(void);

/* Report what is wrong, and abort. */
__attribute__((format(printf, 1, 2), noreturn)) void
fuzz_fail(const char *format, ...);

/* Compare bytes that came with those that were expected, and say where they
   differ if they do. */
void fuzz_compare(const char *what, const void *expected, size_t expected_size,
                  const void *got, size_t got_size);

#endif
