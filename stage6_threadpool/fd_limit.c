/* fd_limit.c: how many descriptors the process may have. */

#include <sys/resource.h>

#include "fd_limit.h"
#include "log.h"

int
fd_limit_raise(int wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    rlim_t most = wanted;
    if (most > limit.rlim_max)
        most = limit.rlim_max;
    if (limit.rlim_cur < most) {
        limit.rlim_cur = most;
        if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
            return -1;
    }
    return limit.rlim_cur < (rlim_t)wanted ? (int)limit.rlim_cur : wanted;
}

int
fd_limit_beside(int others, int wanted)
{
    int limit = fd_limit_raise(others + wanted);
    if (limit == -1 || limit == others + wanted)
        return wanted;
    int left = limit > others ? limit - others : 1;
    log_event("RLIMIT_NOFILE is %d: at most %d clients may wait", limit, left);
    return left;
}
