#ifndef TARGET_H
#define TARGET_H

#include <limits.h>

/* What a request is for: /cgi-bin/NAME[/path/info][?query] */
struct target {
    char program[NAME_MAX + 1]; /* a plain name, which cannot leave a folder */
    const char *path_info;      /* decoded; "" or beginning with a slash */
    const char *query;          /* as it came; "" if there is none */
};

/* Take text apart, which is changed and has to stay.  %XX is decoded once and
   never again, and only what is decoded is looked at: who looks first lets
   .%2e/ pass.  Returns 0, or the HTTP status to answer with. */
int target_parse(struct target *target, char *text);

#endif
