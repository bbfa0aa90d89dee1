#include "wsload/stats/measurement.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

#define CPU_STEPS 1e4 /* of a share */

struct measurement *measurement_new(const struct load *load)
{
    struct measurement *measurement = calloc(1, sizeof(*measurement));
    if (!measurement)
        return NULL;
    if (timeline_init(&measurement->timeline)) {
        free(measurement);
        return NULL;
    }
    measurement->load = *load;
    measurement->parts = 1;
    for (size_t i = 0; i < DISTRIBUTION_COUNT; i++)
        histogram_reset(&measurement->distributions[i]);
    return measurement;
}

void measurement_free(struct measurement *measurement)
{
    if (measurement)
        timeline_free(&measurement->timeline);
    free(measurement);
}

/* --- Short lists, each in an order of its own --- */

/* Puts ITEM of SIZE bytes into the COUNT items of LIST, in ORDER; of equal ones after the others.
 * With MAX items there already the last one falls out. */
static void insert(void *list, size_t *count, size_t max, const void *item, size_t size,
                   int (*order)(const void *, const void *))
{
    char *items = list;
    size_t place = 0;
    while (place < *count && order(&items[place * size], item) <= 0)
        place++;
    if (place == max)
        return;
    *count = *count < max ? *count + 1 : max;
    memmove(&items[(place + 1) * size], &items[place * size], (*count - 1 - place) * size);
    memcpy(&items[place * size], item, size);
}

static int order_of(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* So that sums are the same in any order. */
static double in_steps(double share)
{
    return round(share * CPU_STEPS) / CPU_STEPS;
}

static int order_of_shares(double a, double b)
{
    return (a < b) - (a > b);
}

static int order_of_uses(const void *left, const void *right)
{
    const struct worker_use *a = left;
    const struct worker_use *b = right;
    int order = order_of_shares(in_steps(a->cpu + a->wait), in_steps(b->cpu + b->wait));
    if (!order)
        order = order_of_shares(a->cpu, b->cpu);
    return order ? order : order_of(b->time_ns, a->time_ns);
}

void measurement_add_use(struct measurement *measurement, struct worker_use use)
{
    size_t count = measurement->workers;
    use.cpu = in_steps(use.cpu);
    use.wait = in_steps(use.wait);
    insert(measurement->worker_use, &count, WORKERS_MAX, &use, sizeof(use), order_of_uses);
    measurement->workers = (unsigned)count;
}

void measurement_add_cores(struct measurement *measurement, double cores)
{
    measurement->cores = in_steps(measurement->cores + cores);
}

static int order_of_remarks(const void *left, const void *right)
{
    const struct remark *a = left;
    const struct remark *b = right;
    int order = order_of(b->grade, a->grade);
    if (!order)
        order = strcmp(a->source, b->source);
    if (!order)
        order = strcmp(a->check, b->check);
    return order ? order : strcmp(a->text, b->text);
}

void measurement_add_remark(struct measurement *measurement, const struct remark *remark)
{
    insert(measurement->remarks, &measurement->remark_count, REMARKS_MAX, remark, sizeof(*remark),
           order_of_remarks);
}

/* By number; of one number, which only several runs have, by what is in them. */
static int order_of_samples(const void *left, const void *right)
{
    const struct sample *a = left;
    const struct sample *b = right;
    int order = order_of(a->seq, b->seq);
    if (!order)
        order = strcmp(a->prompt, b->prompt);
    if (!order)
        order = strcmp(a->sent, b->sent);
    if (!order)
        order = strcmp(a->reply, b->reply);
    if (!order)
        order = order_of(a->latency_ns, b->latency_ns);
    if (!order)
        order = order_of(b->ok, a->ok);
    if (!order)
        order = order_of(b->has_reply, a->has_reply);
    return order ? order : order_of(a->failure, b->failure);
}

void measurement_add_sample(struct measurement *measurement, const struct sample *sample)
{
    size_t count = 0;
    while (count < SAMPLE_COUNT && measurement->samples[count].present)
        count++;
    insert(measurement->samples, &count, SAMPLE_COUNT, sample, sizeof(*sample), order_of_samples);
}

/* --- Figures --- */

uint64_t measurement_requests(const struct measurement *measurement)
{
    return measurement->counts[COUNT_OK] + measurement->counts[COUNT_FAILED];
}

uint64_t measurement_unasked(const struct measurement *measurement)
{
    return measurement->counts[COUNT_LATE] + measurement->counts[COUNT_UNSOLICITED];
}

double measurement_per_s(const struct measurement *measurement, uint64_t count)
{
    uint64_t time_ns = measurement->counts[COUNT_TOTAL_TIME];
    return time_ns ? (double)count / clock_seconds(time_ns) : 0;
}

uint64_t measurement_errors(const struct measurement *measurement, enum failure_kind kind)
{
    const struct failures *failures = &measurement->failures;
    uint64_t errors = 0;
    for (size_t i = 0; i < failures->count; i++)
        if (failures->classes[i].kind == kind)
            errors += failures->classes[i].count;
    return errors;
}

double measurement_mean_level(const struct measurement *measurement)
{
    const struct load *load = &measurement->load;
    uint64_t time_ns = measurement->counts[COUNT_TOTAL_TIME];
    if (time_ns == 0)
        return stages_level(&load->stages, load->warmup_ns);
    return (stages_total(&load->stages, load->warmup_ns + time_ns) -
            stages_total(&load->stages, load->warmup_ns)) /
           clock_seconds(time_ns);
}

double measurement_asked(const struct measurement *measurement, double total)
{
    return total * (double)measurement->parts / (double)measurement->load.shards;
}

/* --- Conservation --- */

static bool planned_hold(const uint64_t *account, const char *part, struct error *why)
{
    uint64_t sent = account[COUNT_SENT];
    uint64_t unsent = account[COUNT_UNSENT];
    uint64_t skipped = account[COUNT_SKIPPED];
    return account[COUNT_PLANNED] == sent + unsent + skipped ||
           !error_set(why,
                      "%s: %" PRIu64 " requests planned, but %" PRIu64 " sent, %" PRIu64
                      " unsent and %" PRIu64 " skipped",
                      part, account[COUNT_PLANNED], sent, unsent, skipped);
}

static bool started_hold(const uint64_t *account, const char *part, struct error *why)
{
    uint64_t started = account[COUNT_SENT] + account[COUNT_UNSENT];
    uint64_t ok = account[COUNT_OK];
    uint64_t failed = account[COUNT_FAILED];
    uint64_t unanswered = account[COUNT_UNANSWERED];
    return started == ok + failed + unanswered ||
           !error_set(why,
                      "%s: %" PRIu64 " requests started, but %" PRIu64 " ok, %" PRIu64
                      " failed and %" PRIu64 " unanswered",
                      part, started, ok, failed, unanswered);
}

static bool details_hold(const struct measurement *measurement, struct error *why)
{
    const uint64_t *counts = measurement->counts;
    uint64_t failed = counts[COUNT_FAILED];
    uint64_t by_kind = failures_requests(&measurement->failures);
    uint64_t requests = measurement_requests(measurement);
    uint64_t by_row = 0;
    for (size_t i = 0; i < measurement->timeline.count; i++)
        by_row += measurement->timeline.rows[i].done;
    if (failed != by_kind)
        error_set(why, "measured part: %" PRIu64 " requests failed, but %" PRIu64 " by kind",
                  failed, by_kind);
    else if (requests != by_row)
        error_set(why, "measured part: %" PRIu64 " requests ended, but %" PRIu64 " by second",
                  requests, by_row);
    else if (counts[COUNT_DRAINED] > requests || counts[COUNT_SENT_LATE] > counts[COUNT_SENT])
        error_set(why, "measured part: more requests drained than there were");
    else
        return true;
    return false;
}

_Static_assert(COUNT_PLANNED == 0, "an account is found by its first counter");

bool measurement_conserved(const struct measurement *measurement, struct error *why)
{
    const uint64_t *measured = measurement->counts;
    const uint64_t *warmup = &measurement->counts[COUNT_WARMUP_PLANNED];
    struct error unasked;
    if (!why)
        why = &unasked;
    return planned_hold(warmup, "warm-up", why) && started_hold(warmup, "warm-up", why) &&
           planned_hold(measured, "measured part", why) &&
           started_hold(measured, "measured part", why) && details_hold(measurement, why);
}
