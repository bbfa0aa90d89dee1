#include "wsload/stats/journal.h"

#include <stdlib.h>
#include <string.h>

int journal_init(struct journal *journal, size_t size, struct error *error)
{
    *journal = (struct journal){.ring = malloc(size), .size = size};
    return journal->ring ? 0 : error_set(error, "out of memory");
}

void journal_free(struct journal *journal)
{
    free(journal->ring);
    *journal = (struct journal){0};
}

/* Bytes from place AT on before the ring goes round, of LENGTH. */
static size_t straight(const struct journal *journal, size_t at, size_t length)
{
    size_t left = journal->size - (at & (journal->size - 1));
    return length < left ? length : left;
}

/* Both return the place after it. A text without bytes may have no data either. */

static size_t copy_in(struct journal *journal, size_t at, const void *data, size_t length)
{
    size_t first = straight(journal, at, length);
    if (length == 0)
        return at;
    memcpy(journal->ring + (at & (journal->size - 1)), data, first);
    memcpy(journal->ring, (const char *)data + first, length - first);
    return at + length;
}

static size_t copy_out(const struct journal *journal, size_t at, void *data, size_t length)
{
    size_t first = straight(journal, at, length);
    memcpy(data, journal->ring + (at & (journal->size - 1)), first);
    memcpy((char *)data + first, journal->ring, length - first);
    return at + length;
}

static size_t text_length(const struct journal_entry *entry)
{
    return entry->reply_length != JOURNAL_NO_REPLY ? entry->reply_length : 0;
}

/* The release of the head makes the bytes before it visible to whoever acquires it, and that of the
 * tail says that the bytes before it have been read and may be written over. */

void journal_put(struct journal *journal, const struct journal_entry *entry, struct text reply)
{
    size_t head = atomic_load_explicit(&journal->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&journal->tail, memory_order_acquire);
    size_t length = text_length(entry);
    size_t room = journal->size - (head - tail);
    if (length > REPLY_TEXT_MAX || sizeof(*entry) + length > room) {
        atomic_fetch_add_explicit(&journal->lost, 1, memory_order_relaxed);
        return;
    }
    head = copy_in(journal, head, entry, sizeof(*entry));
    head = copy_in(journal, head, reply.data, length);
    atomic_store_explicit(&journal->head, head, memory_order_release);
}

bool journal_take(struct journal *journal, struct journal_entry *entry, char *reply)
{
    size_t tail = atomic_load_explicit(&journal->tail, memory_order_relaxed);
    if (atomic_load_explicit(&journal->head, memory_order_acquire) == tail)
        return false;
    tail = copy_out(journal, tail, entry, sizeof(*entry));
    tail = copy_out(journal, tail, reply, text_length(entry));
    atomic_store_explicit(&journal->tail, tail, memory_order_release);
    return true;
}

uint64_t journal_lost(struct journal *journal)
{
    return atomic_load_explicit(&journal->lost, memory_order_relaxed);
}
