/* Every request on its way to a file: a bounded queue from one worker to one writer.
 *
 * The worker never waits: what does not fit is lost, and counted. One thread puts and one takes,
 * without a lock: a ring of bytes, in which an entry and its reply's text stand one after the
 * other and may go round its end. It knows no files. */
#ifndef WSLOAD_STATS_JOURNAL_H
#define WSLOAD_STATS_JOURNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"
#include "wsload/base/text.h"
#include "wsload/protocol/failure.h"
#include "wsload/protocol/reply.h"

#define JOURNAL_DETAIL_SIZE 64

/* As reply_length: no text is kept. */
#define JOURNAL_NO_REPLY SIZE_MAX

/* One request that ended. Times are monotonic ns; 0 for what never came. */
struct journal_entry {
    uint64_t seq;        /* number in the run, from 0 */
    uint64_t connection; /* number in the run, from 0 */
    uint64_t due_ns;
    uint64_t sent_ns;
    uint64_t first_ns;
    uint64_t done_ns;
    uint64_t bytes; /* of its reply */
    uint64_t messages;
    bool warmup;
    bool unanswered; /* given up at the end of the run */
    bool failed;
    enum failure_kind kind;           /* of a failed one */
    char detail[JOURNAL_DETAIL_SIZE]; /* terminated */
    size_t reply_length;              /* of the text after it, or JOURNAL_NO_REPLY */
};

struct journal {
    char *ring; /* owned */
    size_t size;
    atomic_size_t head; /* bytes ever put */
    atomic_size_t tail; /* bytes ever taken */
    atomic_uint_fast64_t lost;
};

/* SIZE bytes of room, a power of two. 0, or -1 when memory is out. */
int journal_init(struct journal *journal, size_t size, struct error *error);
void journal_free(struct journal *journal);

/* The worker: adds ENTRY and REPLY, which is reply_length long (not looked at with
 * JOURNAL_NO_REPLY), or counts it as lost: when it does not fit, or REPLY is longer than
 * REPLY_TEXT_MAX. Never waits. */
void journal_put(struct journal *journal, const struct journal_entry *entry, struct text reply);

/* The writer: takes the next entry, and its text into REPLY, which has room for REPLY_TEXT_MAX
 * bytes. False when there is none for now. */
bool journal_take(struct journal *journal, struct journal_entry *entry, char *reply);

/* Entries lost so far. */
uint64_t journal_lost(struct journal *journal);

#endif
