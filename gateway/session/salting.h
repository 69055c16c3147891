/* salting.h - passwords are salted on a thread of their own, one after the other.
 *
 * It takes milliseconds each, and whoever reaches the node may have it done: on a worker's loop it would be the
 * others' time.  All workers share the thread; a client has one password there at most.
 * Tests: tests/unit/session/judged_test.c
 */
#ifndef SESSION_SALTING_H
#define SESSION_SALTING_H

struct judge;
struct mailbox;
struct salting;
struct salting_job;

struct salting *salting_new(void);
/* Fine with NULL, as salting_free.  What waits is delivered unsalted, to nobody: who has asked has cancelled it, or
 * never hears of it.  Before the mailboxes end; nobody asks any more. */
void salting_stop(struct salting *s);
/* Stopped before; when all who have asked have gone. */
void salting_free(struct salting *s);

/* Takes the judge, which SALTS, and gives it back to `done`, on the mailbox's thread. */
struct salting_job *salting_ask(struct salting *s, struct mailbox *mailbox, struct judge *judge,
				void (*done)(void *owner, struct judge *judge), void *owner);
/* On the mailbox's thread, before `done` was called, which it then never is.  What is not begun is not
 * salted any more. */
void salting_cancel(struct salting *s, struct salting_job *job);

#endif
