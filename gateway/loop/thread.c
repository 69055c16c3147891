#include "loop/thread.h"

#include "util/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { NICE_BEHIND = 10 };

void thread_start(pthread_t *thread, const char *who, void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0) {
		pthread_setname_np(*thread, who);
		return;
	}
	log_error("who=%s event=no_thread err=\"%s\"", who, strerror(error));
	log_flush();
	abort();
}

/* Linux has a niceness for each thread. */
void thread_step_back(void)
{
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_BEHIND);
}
