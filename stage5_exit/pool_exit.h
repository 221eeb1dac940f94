#ifndef POOL_EXIT_H
#define POOL_EXIT_H

/* How a pool ends. */
enum pool_exit {
    POOL_KILL,  /* by a signal: transfers are cut */
    POOL_MASK,  /* by a signal that a worker holds off while it has a client */
    POOL_DRAIN, /* by an order that a worker reads after its client */
};

#endif
