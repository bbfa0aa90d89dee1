#include "wsload/report/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record_line.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* What waits in a worker's journal: some 29,000 requests, of which even a fast worker has only
 * hundreds between two rounds; the rest is for the time that a disk makes the thread wait. */
#define JOURNAL_SIZE         (4u << 20)
#define JOURNAL_REPLIES_SIZE (16u << 20)

/* Lines are written when so many bytes have come together, and at the end of each round. */
#define WRITE_SIZE (256u << 10)

#define ROUND_NS (5 * NS_PER_MS)

/* The reader of a pipe is waited for while the run goes on, and after its end for so many looks in
 * a row that find no room. */
#define LOOK_MS   50
#define LOOKS_MAX 40

struct record {
    const char *path;
    const struct identity *identity;
    int fd;
    struct journal **journals; /* owned */
    unsigned workers;
    struct record_lines lines;
    struct buffer unwritten;
    char *reply;    /* owned: room for the text of one */
    char *redacted; /* likewise, without what is secret */
    pthread_t thread;
    atomic_bool ended; /* nothing more is put into the journals */
    int cause;         /* errno of what went wrong first: from then on nothing is written */
    uint64_t lost;     /* lines that were taken and not written */
};

static bool to_standard_output(const struct record *record)
{
    return strcmp(record->path, "-") == 0;
}

/* --- The thread --- */

/* False when the reader has stalled. An error is for write() to tell. */
static bool await_room(struct record *record)
{
    struct pollfd room = {.fd = record->fd, .events = POLLOUT};
    unsigned looks = 0;
    while (poll(&room, 1, LOOK_MS) == 0)
        if (atomic_load(&record->ended) && ++looks >= LOOKS_MAX)
            return false;
    return true;
}

/* Writes something off the front of TEXT. 0 or errno. */
static int write_piece(struct record *record, struct text *text)
{
    if (!await_room(record))
        return ETIMEDOUT;
    /* Standard output is others', too, and may block: as much as poll() has found room for. */
    size_t most = to_standard_output(record) ? PIPE_BUF : SIZE_MAX;
    ssize_t written = write(record->fd, text->data, u64_min(text->length, most));
    if (written < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : errno;
    *text = (struct text){text->data + written, text->length - (size_t)written};
    return 0;
}

/* A line of JSON holds no other line break. */
static uint64_t count_lines(struct text text)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static void write_out(struct record *record)
{
    struct text rest = buffer_text(&record->unwritten);
    while (record->cause == 0 && rest.length > 0)
        record->cause = write_piece(record, &rest);
    record->lost += count_lines(rest);
    buffer_clear(&record->unwritten);
}

/* Takes out what the server repeats of the secrets of its connection. */
static void redact(struct record *record, struct journal_entry *entry)
{
    struct text reply = {record->reply, entry->reply_length};
    struct journal_entry said = *entry;
    if (entry->failed)
        identity_redact(record->identity, entry->connection, text_of(said.detail), entry->detail);
    if (entry->reply_length != JOURNAL_NO_REPLY)
        identity_redact(record->identity, entry->connection, reply, record->redacted);
}

static void add_line(struct record *record, struct journal_entry *entry)
{
    redact(record, entry);
    if (record_line_append(&record->lines, entry, record->redacted, &record->unwritten)) {
        record->cause = ENOMEM;
        record->lost++;
    }
}

/* Takes one entry from JOURNAL. False when there is none. */
static bool write_next(struct record *record, struct journal *journal)
{
    struct journal_entry entry;
    if (!journal_take(journal, &entry, record->reply))
        return false;
    if (record->cause == 0)
        add_line(record, &entry);
    else
        record->lost++;
    if (record->unwritten.length >= WRITE_SIZE)
        write_out(record);
    return true;
}

/* Takes from all journals in turn, so that a busy worker does not make the others wait. */
static void write_all(struct record *record)
{
    bool more;
    do {
        more = false;
        for (unsigned i = 0; i < record->workers; i++)
            more |= write_next(record, record->journals[i]);
    } while (more);
    write_out(record);
}

static void *run(void *argument)
{
    static const struct timespec round = {.tv_nsec = ROUND_NS};
    struct record *record = argument;
    /* What was put before the end was seen is there in the round that follows. */
    while (!atomic_load(&record->ended)) {
        write_all(record);
        nanosleep(&round, NULL);
    }
    write_all(record);
    return NULL;
}

/* --- Start and end --- */

static int system_error(const struct record *record, int cause, struct error *error)
{
    return error_set(error, "%s: %s", to_standard_output(record) ? "standard output" : record->path,
                     cause == ETIMEDOUT ? "its reader takes nothing any more" : strerror(cause));
}

static int add_journals(struct record *record, const struct record_config *config,
                        struct error *error)
{
    size_t size = config->replies ? JOURNAL_REPLIES_SIZE : JOURNAL_SIZE;
    record->journals = calloc(config->workers, sizeof(*record->journals));
    if (!record->journals)
        return error_set(error, "out of memory");
    while (record->workers < config->workers) {
        struct journal *journal = calloc(1, sizeof(*journal));
        if (!journal)
            return error_set(error, "out of memory");
        record->journals[record->workers++] = journal;
        if (journal_init(journal, size, error))
            return -1;
    }
    return 0;
}

static int add_memory(struct record *record, const struct record_config *config,
                      struct error *error)
{
    record_lines_init(&record->lines, config->run_id, clock_wall_ns() - clock_monotonic_ns());
    buffer_init(&record->unwritten, WRITE_SIZE + RECORD_LINE_MAX);
    record->reply = malloc(REPLY_TEXT_MAX);
    record->redacted = malloc(REPLY_TEXT_MAX);
    if (!record->reply || !record->redacted || buffer_reserve(&record->unwritten, WRITE_SIZE))
        return error_set(error, "out of memory");
    return add_journals(record, config, error);
}

static int open_file(struct record *record, struct error *error)
{
    /* Not blocking: a pipe that nobody reads, or no longer, is no reason to wait for ever. */
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK;
    if (to_standard_output(record)) {
        record->fd = STDOUT_FILENO;
        return 0;
    }
    record->fd = open(record->path, flags, 0666);
    if (record->fd < 0)
        return system_error(record, errno, error);
    return 0;
}

/* Signals are for the main thread. A pipe whose reader has gone is an error of write() then. */
static int start_thread(struct record *record, struct error *error)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int cause = pthread_create(&record->thread, NULL, run, record);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return cause == 0 ? 0 : error_set(error, "no thread for --record: %s", strerror(cause));
}

static void record_free(struct record *record)
{
    for (unsigned i = 0; i < record->workers; i++) {
        journal_free(record->journals[i]);
        free(record->journals[i]);
    }
    free(record->journals);
    free(record->reply);
    free(record->redacted);
    buffer_free(&record->unwritten);
    record_lines_free(&record->lines);
    free(record);
}

/* -1 with errno: network file systems may report a full disk only here. */
static int close_file(const struct record *record)
{
    return record->fd < 0 || to_standard_output(record) ? 0 : close(record->fd);
}

struct record *record_start(const struct record_config *config, struct error *error)
{
    struct record *record = calloc(1, sizeof(*record));
    if (!record) {
        error_set(error, "out of memory");
        return NULL;
    }
    record->path = config->path;
    record->identity = config->identity;
    record->fd = -1;
    if (!add_memory(record, config, error) && !open_file(record, error) &&
        !start_thread(record, error))
        return record;
    close_file(record);
    record_free(record);
    return NULL;
}

struct journal *const *record_journals(struct record *record)
{
    return record->journals;
}

int record_finish(struct record *record, uint64_t *lost, struct error *error)
{
    int result = 0;
    atomic_store(&record->ended, true);
    pthread_join(record->thread, NULL);
    if (close_file(record) && record->cause == 0)
        record->cause = errno;
    if (record->cause)
        result = system_error(record, record->cause, error);
    *lost = record->lost;
    for (unsigned i = 0; i < record->workers; i++)
        *lost += journal_lost(record->journals[i]);
    record_free(record);
    return result;
}
