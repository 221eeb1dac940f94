#ifndef POOL_EXIT_H
#define POOL_EXIT_H

/* How a pool ends. */
enum pool_exit {
    POOL_CANCEL, /* threads are cancelled: transfers are cut */
    POOL_DRAIN,  /* threads end when all clients are served */
};

#endif
