/* shim.h: what the sources that are tried see in place of the system's calls.
   The compiler reads it before the source itself (gcc -include), so that the
   source need not be changed: each call of these names becomes one of the
   engine's, which knows from where it comes. */

#ifndef SHIM_H
#define SHIM_H

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"
#include "channel.h"
#include "engine.h"
#include "memory.h"
#include "sync.h"

#define HERE ((struct place){__FILE__, __LINE__})

/* Mutexes */
#define pthread_mutex_init(mutex, attributes) sync_init(mutex, #mutex, 0)
#define pthread_mutex_destroy(mutex) sync_destroy(mutex, #mutex)
#define pthread_mutex_lock(mutex) sync_lock(mutex, #mutex, HERE)
#define pthread_mutex_trylock(mutex) sync_trylock(mutex, #mutex, HERE)
#define pthread_mutex_unlock(mutex) sync_unlock(mutex, #mutex, HERE)

/* Condition variables */
#define pthread_cond_init(condition, attributes)                               \
    sync_init(condition, #condition, 0)
#define pthread_cond_destroy(condition) sync_destroy(condition, #condition)
#define pthread_cond_wait(condition, mutex)                                    \
    sync_wait(condition, #condition, mutex, #mutex, HERE)
#define pthread_cond_signal(condition) sync_signal(condition, #condition, HERE)
#define pthread_cond_broadcast(condition)                                      \
    sync_broadcast(condition, #condition, HERE)

/* Semaphores */
#define sem_init(semaphore, shared, value)                                     \
    sync_init(semaphore, #semaphore, value)
#define sem_destroy(semaphore) sync_destroy(semaphore, #semaphore)
#define sem_wait(semaphore) sync_sem_wait(semaphore, #semaphore, HERE)
#define sem_trywait(semaphore) sync_sem_trywait(semaphore, #semaphore, HERE)
#define sem_post(semaphore) sync_sem_post(semaphore, #semaphore, HERE)
#define sem_getvalue(semaphore, value)                                         \
    sync_sem_value(semaphore, #semaphore, value)

/* Threads */
#define pthread_create(thread, attributes, run, argument)                      \
    calls_create(thread, run, argument)
#define pthread_setname_np(thread, name) calls_name(thread, name)
#define pthread_sigmask(how, set, before) ((void)(set), (void)(before), 0)
#define pthread_self() calls_self()
#define pthread_exit(result) calls_exit(result)
#define pthread_join(thread, result) calls_join(thread, result, HERE)
#define pthread_cancel(thread) calls_cancel(thread, HERE)
#define pthread_testcancel() calls_test_cancel(HERE)
#define pthread_setcancelstate(state, before)                                  \
    calls_set_cancel_state(state, before)
#undef pthread_cleanup_push
#define pthread_cleanup_push(function, value)                                  \
    do {                                                                       \
        struct cleanup cleanup_ = {function, value, NULL};                     \
    calls_push(&cleanup_)
#undef pthread_cleanup_pop
#define pthread_cleanup_pop(execute)                                           \
    calls_pop(&cleanup_, execute);                                             \
    }                                                                          \
    while (0)

/* Descriptors */
#define pipe(fds) channel_pipe(fds, 0)
#define pipe2(fds, flags) channel_pipe(fds, flags)
#define eventfd(value, flags) channel_eventfd(value, flags)
#define epoll_ctl(epoll_fd, what, fd, event) ((void)(event), 0)
#define read(fd, buffer, size) channel_read(fd, buffer, size, HERE)
#define write(fd, buffer, size) channel_write(fd, buffer, size, HERE)
#define close(fd) channel_close(fd, HERE)
#define shutdown(fd, how) channel_shutdown(fd, HERE)

/* Memory */
#define malloc memory_malloc
#define calloc memory_calloc
#define realloc memory_realloc
#define free memory_free

#endif
