/* thread.h - a thread that takes no signals: they are the main thread's. */
#ifndef LOOP_THREAD_H
#define LOOP_THREAD_H

#include <pthread.h>

/* Starts it, or the process ends; `who` names it in the log and for ps, 15 characters at most. */
void thread_start(pthread_t *thread, const char *who, void *(*run)(void *arg), void *arg);
/* From now on the calling thread runs behind the others where processors are short. */
void thread_step_back(void);

#endif
