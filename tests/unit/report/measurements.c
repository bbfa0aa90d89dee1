#include "measurements.h"

#include <stdio.h>
#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/base/random.h"
#include "wsload/base/text.h"
#include "wsload/judge/verdict.h"
#include "wsload/stats/failures.h"

#define YEAR_NS (UINT64_C(365) * 86400 * NS_PER_S)

/* --- Random parts --- */

static bool one_of(struct random *random, uint64_t n)
{
    return random_between(random, 1, n) == 1;
}

/* Of any magnitude up to MOST. */
static uint64_t any_count(struct random *random, uint64_t most)
{
    return u64_min(random_next(random) >> random_between(random, 0, 63), most);
}

static double any_number(struct random *random)
{
    return one_of(random, 2) ? (double)random_between(random, 0, 1000)
                             : random_unit(random) * (double)any_count(random, 1000000);
}

/* A character of 1 to 4 bytes, now and then one that JSON escapes; never NUL. */
static size_t any_character(struct random *random, char *out)
{
    uint64_t code = random_between(random, 1, 0x7F);
    if (one_of(random, 8))
        code = (uint64_t) "\"\\/\n\t\x01\x1f\x7f"[random_between(random, 0, 7)];
    else if (one_of(random, 3))
        code = random_between(random, 0x80, 0x7FF);
    else if (one_of(random, 3))
        code = random_between(random, 0x800, 0xD7FF);
    else if (one_of(random, 3))
        code = random_between(random, 0x10000, 0x10FFFF);
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char firsts[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(firsts[length] | code);
    return length;
}

/* Valid UTF-8 that fits into SIZE bytes, most often short, and now and then as long as it may. */
static void any_text(struct random *random, char *out, size_t size)
{
    char text[4096];
    size_t length = 0;
    size_t wanted = one_of(random, 8) ? size : random_between(random, 0, 40);
    while (length < wanted && length + 4 < sizeof(text))
        length += any_character(random, &text[length]);
    excerpt_copy((struct text){text, length}, SIZE_MAX, out, size);
}

static void any_line(struct random *random, char *out, size_t size)
{
    any_text(random, out, size);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7F)
            *p = ' ';
}

static void any_stages(struct random *random, struct stages *stages, uint64_t warmup_ns)
{
    stages->start = any_number(random);
    stages->hold_ns = warmup_ns;
    stages->count = one_of(random, 2) ? 0 : random_between(random, 1, STAGES_MAX);
    for (size_t i = 0; i < stages->count; i++) {
        stages->items[i].duration_ns = any_count(random, YEAR_NS);
        stages->items[i].target = any_number(random);
    }
}

static void any_think(struct random *random, struct think *think)
{
    think->law = (enum think_law)random_between(random, THINK_NONE, THINK_EXPONENTIAL);
    if (think->law == THINK_NONE)
        return;
    think->low_ns = any_count(random, 3600 * NS_PER_S);
    if (one_of(random, 2))
        think->low_ns = think->low_ns / NS_PER_MS * NS_PER_MS;
    if (think->law == THINK_UNIFORM)
        think->high_ns = think->low_ns + any_count(random, 3600 * NS_PER_S);
}

static void any_levels(struct random *random, struct service_levels *levels)
{
    levels->any = one_of(random, 2);
    for (size_t i = 0; i < LEVEL_COUNT; i++)
        levels->ns[i] = !levels->any || i == LEVEL_NONE || one_of(random, 2)
                            ? CLOCK_NEVER
                            : any_count(random, 3600 * NS_PER_S);
}

static struct load any_load(struct random *random)
{
    struct load load = {
        .model = (enum load_model)random_between(random, LOAD_CLOSED, LOAD_HOLD),
        .reply = (enum load_reply)random_between(random, REPLY_MESSAGE, REPLY_NONE),
        .connections = (uint32_t)any_count(random, UINT32_MAX),
        .requests = any_count(random, UINT64_MAX),
        .duration_ns = any_count(random, YEAR_NS),
        .warmup_ns = one_of(random, 2) ? 0 : any_count(random, YEAR_NS),
        .prompts = any_count(random, UINT64_MAX),
        .workers = (unsigned)random_between(random, 1, WORKERS_MAX),
        .connection_per_request = one_of(random, 4),
        .told_by = (enum told_by)random_between(random, TOLD_BY_ORDER, TOLD_BY_ID),
        .arrival = ARRIVAL_CONSTANT,
        .in_flight = (unsigned)random_between(random, 1, IN_FLIGHT_MAX),
        .connect_rate = one_of(random, 2) ? 0 : any_number(random),
        .seed = random_next(random),
        .prices = {any_number(random), any_number(random)},
        .gateway = one_of(random, 2),
        .strict = one_of(random, 2),
        .record = one_of(random, 2),
        .shards = random_between(random, 1, 100),
    };
    if (load.model == LOAD_OPEN) {
        load.arrival = (enum arrival_law)random_between(random, 0, 1);
        load.max_queue = any_count(random, UINT64_MAX);
    }
    any_line(random, load.url, sizeof(load.url));
    any_line(random, load.origin, sizeof(load.origin));
    any_stages(random, &load.stages, load.warmup_ns);
    any_think(random, &load.think);
    any_levels(random, &load.levels);
    return load;
}

static void any_counts(struct random *random, struct measurement *seen)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        bool seconds = metric_of_counter((enum counter)i)->unit == METRIC_SECONDS;
        seen->counts[i] = any_count(random, seconds ? UINT64_C(1) << 61 : UINT64_MAX);
    }
}

static void any_histogram(struct random *random, struct histogram *histogram)
{
    if (one_of(random, 3))
        return;
    uint64_t values = random_between(random, 1, one_of(random, 10) ? 2000 : 50);
    uint64_t most = any_count(random, 2 * HISTOGRAM_HIGHEST_NS) + 1;
    for (uint64_t i = 0; i < values; i++)
        histogram_record_many(histogram, random_between(random, 0, most),
                              one_of(random, 4) ? any_count(random, UINT64_C(1) << 30) + 1 : 1);
}

static void any_failures(struct random *random, struct failures *failures)
{
    uint64_t count = one_of(random, 10) ? 200 : random_between(random, 0, 10);
    for (uint64_t i = 0; i < count; i++) {
        char detail[FAILURE_DETAIL_SIZE];
        char example[FAILURE_EXAMPLE_SIZE];
        any_text(random, detail, sizeof(detail));
        any_text(random, example, sizeof(example));
        struct failure failure = {
            .kind = (enum failure_kind)random_between(random, 0, FAILURE_KIND_COUNT - 1),
            .detail = detail,
            .example = text_of(example),
        };
        failures_add(failures, &failure, (unsigned)random_between(random, 0, 1));
    }
    for (size_t i = 0; i < failures->count; i++) {
        failures->classes[i].count = any_count(random, UINT64_MAX - 1) + 1;
        failures->classes[i].requests = random_between(random, 0, failures->classes[i].count);
    }
    failures_sort(failures);
}

static void any_unasked(struct random *random, struct unasked *unasked)
{
    for (uint64_t i = random_between(random, 0, 20); i > 0; i--) {
        struct unasked_kind kind = {.count = any_count(random, UINT64_MAX - 1) + 1};
        if (!one_of(random, 10))
            any_line(random, kind.rule, sizeof(kind.rule));
        any_text(random, kind.example, sizeof(kind.example));
        unasked_put(unasked, &kind);
    }
    for (size_t i = 0; i < unasked->count; i++)
        unasked->kinds[i].count = any_count(random, UINT64_MAX - 1) + 1;
}

static void any_sample(struct random *random, struct measurement *seen)
{
    struct sample sample = {
        .present = true, .ok = one_of(random, 2), .has_reply = one_of(random, 2)};
    sample.seq = any_count(random, UINT64_MAX);
    any_text(random, sample.prompt, sizeof(sample.prompt));
    any_text(random, sample.sent, sizeof(sample.sent));
    if (sample.has_reply)
        any_text(random, sample.reply, sizeof(sample.reply));
    if (sample.ok && seen->load.reply != REPLY_NONE)
        sample.latency_ns = any_count(random, 3600 * NS_PER_S);
    if (!sample.ok)
        sample.failure = (enum failure_kind)random_between(random, 0, FAILURE_KIND_COUNT - 1);
    measurement_add_sample(seen, &sample);
}

static void any_row(struct random *random, struct timeline_row *row)
{
    memset(row, 0, sizeof(*row));
    row->done = any_count(random, UINT64_MAX);
    row->failed = random_between(random, 0, row->done);
    row->in_flight = any_count(random, UINT64_C(1) << 53);
    row->open = any_count(random, UINT64_C(1) << 53);
    for (uint64_t i = random_between(random, 0, 40); i > 0; i--)
        row->counts[random_between(random, 0, TIMELINE_BUCKETS - 1)] = (uint32_t)any_count(
            random, UINT32_MAX);
}

static void any_timeline(struct random *random, struct timeline *timeline)
{
    timeline->width_s = UINT64_C(1) << random_between(random, 0, 12);
    timeline->first = random_between(random, 0, 4000000000) / timeline->width_s;
    timeline->count = one_of(random, 20) ? TIMELINE_ROWS_MAX : random_between(random, 0, 20);
    for (size_t i = 0; i < timeline->count; i++)
        any_row(random, &timeline->rows[i]);
}

static void any_remark(struct random *random, struct measurement *seen)
{
    struct remark remark = {.grade = (unsigned)random_between(random, 0, VALIDITY_INVALID)};
    any_text(random, remark.source, sizeof(remark.source));
    if (!remark.source[0])
        remark.source[0] = '-';
    any_line(random, remark.check, sizeof(remark.check));
    any_line(random, remark.text, sizeof(remark.text));
    measurement_add_remark(seen, &remark);
}

static void any_use(struct random *random, struct measurement *seen)
{
    struct worker_use use = {(double)random_between(random, 0, 10000) / 10000,
                             (double)random_between(random, 0, 10000) / 10000,
                             any_count(random, YEAR_NS)};
    measurement_add_use(seen, use);
}

static void any_end(struct random *random, struct measurement *seen)
{
    seen->parts = random_between(random, 1, 1000);
    seen->started_unix_ms = any_count(random, UINT64_C(1) << 42);
    seen->measured_unix_ms = any_count(random, UINT64_C(1) << 42);
    seen->same_machine = one_of(random, 2);
    seen->signal = one_of(random, 3) ? (int)random_between(random, 1, 64) : 0;
    seen->record_failed = one_of(random, 5);
    if (one_of(random, 3))
        any_line(random, seen->aborted_by, sizeof(seen->aborted_by));
}

static void any_thresholds(struct random *random, struct thresholds *thresholds)
{
    static const char *const texts[] = {
        "latency:p(95)<500ms",
        "connect.tls:avg<=1.5s",
        "errors{kind=closed}<3,abort",
        "success_rate>=99.9%",
        "goodput>1k",
        "bytes_per_reply:max!=12KiB",
        "errors:rate<0.333333333/m",
        "sent==10",
        "ttfm:p99.99>1us",
    };
    thresholds->count = 0;
    for (uint64_t i = random_between(random, 0, 9); i > 0; i--) {
        struct error error;
        const char *text = texts[random_between(random, 0, ARRAY_LENGTH(texts) - 1)];
        assert_int_equal(thresholds_parse(thresholds, text, &error), 0);
        struct threshold *threshold = &thresholds->items[thresholds->count - 1];
        any_line(random, threshold->name, sizeof(threshold->name));
        if (one_of(random, 2))
            threshold->limit = any_number(random);
    }
}

struct measurement *random_measurement(uint64_t seed, struct thresholds *thresholds)
{
    struct random random;
    random_init(&random, seed);
    struct load load = any_load(&random);
    struct measurement *seen = measurement_new(&load);
    assert_non_null(seen);
    any_end(&random, seen);
    any_counts(&random, seen);
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++)
        any_histogram(&random, &seen->distributions[i]);
    any_failures(&random, &seen->failures);
    any_unasked(&random, &seen->unasked);
    for (uint64_t i = random_between(&random, 0, 8); i > 0; i--)
        any_sample(&random, seen);
    any_timeline(&random, &seen->timeline);
    for (uint64_t i = random_between(&random, 0, 2 * REMARKS_MAX); i > 0; i--)
        any_remark(&random, seen);
    for (uint64_t i = random_between(&random, 0, WORKERS_MAX); i > 0; i--)
        any_use(&random, seen);
    measurement_add_cores(seen, (double)random_between(&random, 0, 1000000) / 10000);
    any_thresholds(&random, thresholds);
    return seen;
}

/* --- Comparing --- */

#define ASSERT_SAME(a, b, member)                                                                  \
    do {                                                                                           \
        if ((a)->member != (b)->member)                                                            \
            fail_msg("%s is another one", #member);                                                \
    } while (0)

static void assert_same_stages(const struct stages *a, const struct stages *b)
{
    ASSERT_SAME(a, b, start);
    ASSERT_SAME(a, b, hold_ns);
    ASSERT_SAME(a, b, count);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT_SAME(a, b, items[i].duration_ns);
        ASSERT_SAME(a, b, items[i].target);
    }
}

/* Of the same type, without padding, or one that is looked at itself. */
static void assert_same_member(const struct load_member *member, const void *a, const void *b)
{
    const struct think *think = a;
    const struct think *other = b;
    switch (member->type) {
    case LOAD_TEXT:
        assert_string_equal(a, b);
        return;
    case LOAD_STAGES:
        assert_same_stages(a, b);
        return;
    case LOAD_THINK:
        ASSERT_SAME(think, other, law);
        ASSERT_SAME(think, other, low_ns);
        ASSERT_SAME(think, other, high_ns);
        return;
    case LOAD_LEVELS:
        assert_int_equal(((const struct service_levels *)a)->any,
                         ((const struct service_levels *)b)->any);
        assert_memory_equal(((const struct service_levels *)a)->ns,
                            ((const struct service_levels *)b)->ns,
                            sizeof(((const struct service_levels *)a)->ns));
        return;
    default:
        if (memcmp(a, b, member->size) != 0)
            fail_msg("%s is another one", member->path);
    }
}

static void assert_same_load(const struct load *a, const struct load *b)
{
    size_t count;
    const struct load_member *members = load_members(&count);
    for (size_t i = 0; i < count; i++)
        if (load_has(a, &members[i]) || load_has(b, &members[i]))
            assert_same_member(&members[i], load_member_of(a, &members[i]),
                               load_member_of(b, &members[i]));
}

static void assert_same_counts(const struct measurement *a, const struct measurement *b)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        const struct metric *metric = metric_of_counter((enum counter)i);
        double value;
        if (metric_value(metric, a, &value) && a->counts[i] != b->counts[i])
            fail_msg("%s: %llu and %llu", metric->path, (unsigned long long)a->counts[i],
                     (unsigned long long)b->counts[i]);
    }
}

static void assert_same_histograms(const struct measurement *a, const struct measurement *b)
{
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++) {
        const struct histogram *ours = &a->distributions[i];
        const struct histogram *theirs = &b->distributions[i];
        if (ours->count != theirs->count || ours->min != theirs->min || ours->max != theirs->max ||
            ours->sum != theirs->sum || ours->sum_squares != theirs->sum_squares ||
            memcmp(ours->buckets, theirs->buckets, sizeof(ours->buckets)) != 0)
            fail_msg("%s is another one", metric_of_distribution((enum distribution)i)->path);
    }
}

static void assert_same_failures(const struct failures *a, const struct failures *b)
{
    ASSERT_SAME(a, b, count);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT_SAME(a, b, classes[i].kind);
        ASSERT_SAME(a, b, classes[i].count);
        ASSERT_SAME(a, b, classes[i].requests);
        assert_string_equal(a->classes[i].detail, b->classes[i].detail);
        assert_string_equal(a->classes[i].example, b->classes[i].example);
    }
}

static void assert_same_unasked(const struct unasked *a, const struct unasked *b)
{
    ASSERT_SAME(a, b, count);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT_SAME(a, b, kinds[i].count);
        assert_string_equal(a->kinds[i].rule, b->kinds[i].rule);
        assert_string_equal(a->kinds[i].example, b->kinds[i].example);
    }
}

static void assert_same_samples(const struct measurement *a, const struct measurement *b)
{
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        ASSERT_SAME(a, b, samples[i].present);
        ASSERT_SAME(a, b, samples[i].seq);
        ASSERT_SAME(a, b, samples[i].ok);
        ASSERT_SAME(a, b, samples[i].latency_ns);
        ASSERT_SAME(a, b, samples[i].failure);
        ASSERT_SAME(a, b, samples[i].has_reply);
        assert_string_equal(a->samples[i].prompt, b->samples[i].prompt);
        assert_string_equal(a->samples[i].sent, b->samples[i].sent);
        assert_string_equal(a->samples[i].reply, b->samples[i].reply);
    }
}

static void assert_same_timeline(const struct timeline *a, const struct timeline *b)
{
    ASSERT_SAME(a, b, count);
    ASSERT_SAME(a, b, first);
    ASSERT_SAME(a, b, width_s);
    for (size_t i = 0; i < a->count; i++) {
        ASSERT_SAME(a, b, rows[i].done);
        ASSERT_SAME(a, b, rows[i].failed);
        ASSERT_SAME(a, b, rows[i].in_flight);
        ASSERT_SAME(a, b, rows[i].open);
        assert_memory_equal(a->rows[i].counts, b->rows[i].counts, sizeof(a->rows[i].counts));
    }
}

static void assert_same_remarks(const struct measurement *a, const struct measurement *b)
{
    ASSERT_SAME(a, b, remark_count);
    for (size_t i = 0; i < a->remark_count; i++) {
        ASSERT_SAME(a, b, remarks[i].grade);
        assert_string_equal(a->remarks[i].source, b->remarks[i].source);
        assert_string_equal(a->remarks[i].check, b->remarks[i].check);
        assert_string_equal(a->remarks[i].text, b->remarks[i].text);
    }
}

void assert_same_measurement(const struct measurement *a, const struct measurement *b)
{
    assert_same_load(&a->load, &b->load);
    ASSERT_SAME(a, b, parts);
    ASSERT_SAME(a, b, started_unix_ms);
    ASSERT_SAME(a, b, measured_unix_ms);
    ASSERT_SAME(a, b, same_machine);
    ASSERT_SAME(a, b, signal);
    ASSERT_SAME(a, b, record_failed);
    assert_string_equal(a->aborted_by, b->aborted_by);
    assert_same_counts(a, b);
    assert_same_histograms(a, b);
    assert_same_failures(&a->failures, &b->failures);
    assert_same_unasked(&a->unasked, &b->unasked);
    assert_same_samples(a, b);
    assert_same_timeline(&a->timeline, &b->timeline);
    ASSERT_SAME(a, b, workers);
    ASSERT_SAME(a, b, cores);
    assert_memory_equal(a->worker_use, b->worker_use, a->workers * sizeof(a->worker_use[0]));
    assert_same_remarks(a, b);
}

void assert_same_thresholds(const struct thresholds *a, const struct thresholds *b)
{
    ASSERT_SAME(a, b, count);
    for (size_t i = 0; i < a->count; i++) {
        const struct selector *ours = &a->items[i].selector;
        const struct selector *theirs = &b->items[i].selector;
        assert_string_equal(a->items[i].name, b->items[i].name);
        assert_string_equal(ours->text, theirs->text);
        ASSERT_SAME(ours, theirs, metric);
        ASSERT_SAME(ours, theirs, stat);
        ASSERT_SAME(ours, theirs, percent);
        ASSERT_SAME(ours, theirs, has_kind);
        ASSERT_SAME(a, b, items[i].relation);
        ASSERT_SAME(a, b, items[i].limit);
        ASSERT_SAME(a, b, items[i].abort);
    }
}
