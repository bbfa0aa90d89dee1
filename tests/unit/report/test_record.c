#include "testing.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wsload/base/clock.h"
#include "wsload/base/file.h"
#include "wsload/report/record.h"

static char directory[] = "/tmp/wsload-test-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink("r.jsonl");
    unlink("pipe");
    return chdir("/") != 0 || rmdir(directory) != 0;
}

static struct record *start(const char *path, unsigned workers, bool replies)
{
    struct record_config config = {
        .path = path, .workers = workers, .run_id = 0x0badcafe, .replies = replies};
    struct error error = {""};
    struct record *record = record_start(&config, &error);

    assert_string_equal(error.text, "");
    assert_non_null(record);
    return record;
}

static uint64_t finish(struct record *record)
{
    struct error error = {""};
    uint64_t lost = UINT64_MAX;

    assert_int_equal(record_finish(record, &lost, &error), 0);
    return lost;
}

static void assert_finish_fails(struct record *record, uint64_t expected_lost, const char *expected)
{
    struct error error = {""};
    uint64_t lost = UINT64_MAX;

    assert_int_equal(record_finish(record, &lost, &error), -1);
    assert_string_equal(error.text, expected);
    assert_int_equal(lost, expected_lost);
}

static void put(struct journal *journal, uint64_t seq)
{
    struct journal_entry entry = {
        .seq = seq, .due_ns = clock_monotonic_ns(), .reply_length = JOURNAL_NO_REPLY};

    journal_put(journal, &entry, text_of(""));
}

/* The whole file; the caller frees it. */
static struct buffer contents(const char *path)
{
    struct buffer out;
    struct error error;

    buffer_init(&out, SIZE_MAX);
    assert_int_equal(file_read(path, &out, &error), 0);
    return out;
}

/* The line at *NEXT, which moves behind it; the caller deletes it. */
static cJSON *next_line(const char **next)
{
    const char *end = strchr(*next, '\n');
    cJSON *json = NULL;

    if (end != NULL) {
        json = cJSON_ParseWithLength(*next, (size_t)(end - *next));
        assert_non_null(json);
        *next = end + 1;
    }
    return json;
}

static double number(const cJSON *json, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, name);

    assert_true(cJSON_IsNumber(member));
    return member->valuedouble;
}

static void test_record_writes_a_line_for_each_request(void **state)
{
    enum { WORKERS = 3, EACH = 1000 };
    uint64_t began_ms = clock_wall_ms();
    struct record *record = start("r.jsonl", WORKERS, false);
    uint64_t next_seq[WORKERS] = {0, 1, 2};
    struct buffer file;
    const char *next;

    (void)state;
    for (unsigned seq = 0; seq < WORKERS * EACH; seq++)
        put(record_journals(record)[seq % WORKERS], seq);
    assert_int_equal(finish(record), 0);
    file = contents("r.jsonl");
    next = file.data;
    for (cJSON *line; (line = next_line(&next)) != NULL; cJSON_Delete(line)) {
        uint64_t seq = (uint64_t)number(line, "seq") - 1;

        assert_int_equal(seq, next_seq[seq % WORKERS]);
        next_seq[seq % WORKERS] += WORKERS;
        assert_in_range(number(line, "due") + 1000, began_ms, clock_wall_ms() + 2000);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(next_seq[i], WORKERS * EACH + i);
    assert_int_equal(*next, '\0');
    buffer_free(&file);
}

static void test_record_empties_the_file(void **state)
{
    struct buffer file;

    (void)state;
    assert_int_equal(finish(start("r.jsonl", 1, false)), 0);
    file = contents("r.jsonl");
    assert_int_equal(file.length, 0);
    buffer_free(&file);
}

/* A reply that is as large as it can be, and grows when it is written. */
static void test_record_keeps_whole_replies(void **state)
{
    struct record *record = start("r.jsonl", 1, true);
    struct journal_entry entry = {.reply_length = REPLY_TEXT_MAX};
    char *reply = malloc(REPLY_TEXT_MAX);
    struct buffer file;
    cJSON *json;

    (void)state;
    assert_non_null(reply);
    memset(reply, 0x01, REPLY_TEXT_MAX);
    journal_put(record_journals(record)[0], &entry, (struct text){reply, REPLY_TEXT_MAX});
    assert_int_equal(finish(record), 0);
    file = contents("r.jsonl");
    json = cJSON_Parse(file.data);
    assert_memory_equal(cJSON_GetObjectItem(json, "reply")->valuestring, reply, REPLY_TEXT_MAX);
    cJSON_Delete(json);
    buffer_free(&file);
    free(reply);
}

/* A pipe of our own, and a path that leads to where it is written. */
static void open_pipe(int ends[2], char path[32])
{
    assert_int_equal(pipe(ends), 0);
    snprintf(path, 32, "/dev/fd/%d", ends[1]);
}

static void test_record_writes_while_the_run_goes_on(void **state)
{
    static const char expected[] = "{\"id\":\"0badcafe-1\"";
    char line[1024];
    char path[32];
    int ends[2];
    struct record *record;

    (void)state;
    open_pipe(ends, path);
    record = start(path, 1, false);
    put(record_journals(record)[0], 0);
    assert_true(read(ends[0], line, sizeof(line)) > 0);
    assert_memory_equal(line, expected, strlen(expected));
    assert_int_equal(finish(record), 0);
    close(ends[0]);
    close(ends[1]);
}

static void test_record_goes_to_standard_output(void **state)
{
    static const char expected[] = "{\"id\":\"0badcafe-1\"";
    int saved = dup(STDOUT_FILENO);
    int fd = open("r.jsonl", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct record *record;
    struct buffer file;

    (void)state;
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    close(fd);
    record = start("-", 1, false);
    put(record_journals(record)[0], 0);
    assert_int_equal(finish(record), 0);
    assert_int_equal(write(STDOUT_FILENO, "still open", 10), 10);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    file = contents("r.jsonl");
    assert_memory_equal(file.data, expected, strlen(expected));
    assert_non_null(strstr(file.data, "}\nstill open"));
    buffer_free(&file);
}

static void test_record_errors_name_the_path(void **state)
{
    static const struct {
        const char *path;
        const char *expected;
    } cases[] = {
        {"absent/r.jsonl", "absent/r.jsonl: No such file or directory"},
        {".", ".: Is a directory"},
        {"pipe", "pipe: No such device or address"},
    };

    (void)state;
    assert_int_equal(mkfifo("pipe", 0600), 0); /* that nobody reads */
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct record_config config = {.path = cases[i].path, .workers = 2};
        struct error error = {""};

        assert_null(record_start(&config, &error));
        assert_string_equal(error.text, cases[i].expected);
    }
}

static void await_empty(struct journal *journal)
{
    static const struct timespec moment = {.tv_nsec = NS_PER_MS};

    for (int i = 0; i < 20000; i++) {
        if (atomic_load(&journal->tail) == atomic_load(&journal->head))
            return;
        nanosleep(&moment, NULL);
    }
    fail_msg("the journal was not emptied");
}

/* More than a journal holds: it would lose some if the thread had stopped. */
static void test_record_goes_on_after_a_write_error(void **state)
{
    enum { ROUNDS = 10, EACH = 5000 };
    struct record *record = start("/dev/full", 1, false);
    struct journal *journal = record_journals(record)[0];

    (void)state;
    assert_true(journal->size / sizeof(struct journal_entry) < (size_t)ROUNDS * EACH);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < EACH; i++)
            put(journal, 0);
        await_empty(journal);
    }
    assert_finish_fails(record, (uint64_t)ROUNDS * EACH, "/dev/full: No space left on device");
}

/* SIGPIPE, which kills, is left as it is for the rest of the process. */
static void test_record_survives_a_reader_that_goes(void **state)
{
    char path[32];
    char expected[64];
    int ends[2];
    struct record *record;

    (void)state;
    open_pipe(ends, path);
    snprintf(expected, sizeof(expected), "%s: Broken pipe", path);
    record = start(path, 1, false);
    close(ends[0]);
    put(record_journals(record)[0], 0);
    assert_finish_fails(record, 1, expected);
    close(ends[1]);
}

/* What the reader has not taken is lost, but for the lines that were whole in the pipe by then. */
static void test_record_does_not_wait_for_ever(void **state)
{
    enum { LINES = 2000 };
    char path[32];
    char expected[96];
    char left[1 << 16];
    uint64_t lost = 0;
    uint64_t whole = 0;
    int ends[2];
    struct record *record;
    struct error error = {""};
    ssize_t got;

    (void)state;
    open_pipe(ends, path);
    snprintf(expected, sizeof(expected), "%s: its reader takes nothing any more", path);
    record = start(path, 1, false);
    for (uint64_t i = 0; i < LINES; i++)
        put(record_journals(record)[0], i);
    assert_int_equal(record_finish(record, &lost, &error), -1);
    assert_string_equal(error.text, expected);
    close(ends[1]);
    while ((got = read(ends[0], left, sizeof(left))) > 0) {
        for (ssize_t i = 0; i < got; i++)
            whole += left[i] == '\n';
    }
    assert_in_range(whole, 1, LINES - 1);
    assert_int_equal(whole + lost, LINES);
    close(ends[0]);
}

static void *read_late(void *descriptor)
{
    static const struct timespec pause = {.tv_nsec = 300 * NS_PER_MS};
    char bytes[1 << 15];
    ssize_t got;

    do {
        nanosleep(&pause, NULL);
        got = read(*(int *)descriptor, bytes, sizeof(bytes));
    } while (got > 0);
    return NULL;
}

static void test_record_waits_for_a_slow_reader(void **state)
{
    char path[32];
    int ends[2];
    pthread_t reader;
    struct record *record;

    (void)state;
    open_pipe(ends, path);
    record = start(path, 1, false);
    close(ends[1]);
    for (uint64_t i = 0; i < 1000; i++)
        put(record_journals(record)[0], i);
    assert_int_equal(pthread_create(&reader, NULL, read_late, &ends[0]), 0);
    assert_int_equal(finish(record), 0);
    pthread_join(reader, NULL);
    close(ends[0]);
}

static void put_failed(struct journal *journal, uint64_t connection, const char *reply)
{
    struct journal_entry entry = {
        .connection = connection, .failed = true, .reply_length = strlen(reply)};

    snprintf(entry.detail, sizeof(entry.detail), "%s", reply);
    journal_put(journal, &entry, text_of(reply));
}

static void test_record_blanks_the_secrets_of_a_connection(void **state)
{
    static const char *const query[] = {"key=secret-{{connection}}"};
    struct url url = {.path = "/"};
    struct identity_config who = {
        .url = &url, .host_header = "h", .origin = "", .query = query, .query_count = 1};
    struct error error;
    struct identity *identity = identity_new(&who, &error);
    struct record_config config = {
        .path = "r.jsonl", .workers = 1, .replies = true, .identity = identity};
    struct record *record = record_start(&config, &error);
    struct buffer file;

    (void)state;
    put_failed(record_journals(record)[0], 0, "said secret-1");
    put_failed(record_journals(record)[0], 6, "said secret-7, secret-8");
    assert_int_equal(finish(record), 0);
    file = contents("r.jsonl");
    assert_non_null(strstr(file.data, "\"detail\":\"said ********\",\"reply\":\"said ********\""));
    assert_non_null(strstr(file.data, "\"detail\":\"said ********, secret-8\""));
    assert_null(strstr(file.data, "secret-7"));
    buffer_free(&file);
    identity_free(identity);
}

/* The signal would end the process if any thread let it in. */
static void test_record_leaves_signals_to_others(void **state)
{
    static const struct timespec at_once = {0};
    struct record *record = start("r.jsonl", 1, false);
    sigset_t now;
    sigset_t usr1;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_int_equal(sigismember(&now, SIGUSR1), 0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    kill(getpid(), SIGUSR1);
    assert_int_equal(sigtimedwait(&usr1, NULL, &at_once), SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    assert_int_equal(finish(record), 0);
}

/* ---- busy workers ---- */

#define HAMMERED 20000

static void *put_many(void *journal)
{
    for (uint64_t seq = 0; seq < HAMMERED; seq++) {
        char text[256];
        struct journal_entry entry = {.seq = seq, .reply_length = seq % sizeof(text)};

        memset(text, 'a' + (char)(seq % 26), sizeof(text));
        journal_put(journal, &entry, (struct text){text, entry.reply_length});
    }
    return NULL;
}

static void assert_line_whole(const cJSON *line)
{
    uint64_t seq = (uint64_t)number(line, "seq") - 1;
    const char *reply = cJSON_GetObjectItemCaseSensitive(line, "reply")->valuestring;

    assert_int_equal(strlen(reply), seq % 256);
    for (; *reply != '\0'; reply++)
        assert_int_equal(*reply, 'a' + (char)(seq % 26));
}

static void test_record_takes_from_busy_workers(void **state)
{
    enum { WORKERS = 2 };
    struct record *record = start("r.jsonl", WORKERS, true);
    pthread_t threads[WORKERS];
    struct buffer file;
    const char *next;
    uint64_t lines = 0;
    uint64_t lost;

    (void)state;
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, record_journals(record)[i]),
                         0);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    lost = finish(record);
    file = contents("r.jsonl");
    next = file.data;
    for (cJSON *line; (line = next_line(&next)) != NULL; cJSON_Delete(line), lines++)
        assert_line_whole(line);
    assert_int_equal(lines + lost, WORKERS * HAMMERED);
    buffer_free(&file);
}

TEST_GROUP(record)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_writes_a_line_for_each_request),
        cmocka_unit_test(test_record_empties_the_file),
        cmocka_unit_test(test_record_keeps_whole_replies),
        cmocka_unit_test(test_record_writes_while_the_run_goes_on),
        cmocka_unit_test(test_record_goes_to_standard_output),
        cmocka_unit_test(test_record_errors_name_the_path),
        cmocka_unit_test(test_record_goes_on_after_a_write_error),
        cmocka_unit_test(test_record_survives_a_reader_that_goes),
        cmocka_unit_test(test_record_does_not_wait_for_ever),
        cmocka_unit_test(test_record_waits_for_a_slow_reader),
        cmocka_unit_test(test_record_blanks_the_secrets_of_a_connection),
        cmocka_unit_test(test_record_leaves_signals_to_others),
        cmocka_unit_test(test_record_takes_from_busy_workers),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
