#include "wsload/load/schedule.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/text.h"
#include "wsload/base/units.h"

#define EXPONENTIAL_PREFIX "exp:"

/* Of the exponential law, in means: one of 500 million reaches it. */
#define LONGEST_REST 20.0

/* stages_total() adds at most STAGES_MAX positive terms of a few roundings each, of 2^-53: its
 * relative error is below this. */
#define TOTAL_ERROR 1e-14

/* Longest duration that anyone would type, with its NUL. */
#define DURATION_TEXT_SIZE 64

/* More than the error of a double within a day, less than any clock sees. Without it a time that is
 * a whole number of ns would be rounded up to the next one. */
#define ROUNDING_NS 0.01

/* --- Stages --- */

/* A straight line: a stage with the level that it begins at, or the level of no stages for ever. */
struct line {
    double from;
    double to;
    uint64_t duration_ns;
};

int stage_parse(const char *text, struct stage *stage, struct error *error)
{
    struct text target = text_of(text);
    char duration[DURATION_TEXT_SIZE];
    if (!strchr(text, ':') || text_copy(text_cut(&target, ':'), duration, sizeof(duration)))
        return error_set(error, "not DURATION:TARGET; use a time and a level, as in 30s:500");
    if (units_parse_duration(duration, &stage->duration_ns, error))
        return error_prefix(error, "duration");
    if (units_parse_rate(target.data, &stage->target, error))
        return error_prefix(error, "target");
    return 0;
}

/* Line INDEX, up to stages->count: the time before the first stage is a line of its own. */
static struct line line_of(const struct stages *stages, size_t index)
{
    if (index == 0)
        return (struct line){stages->start, stages->start,
                             stages->count == 0 ? CLOCK_NEVER : stages->hold_ns};
    return (struct line){
        .from = index == 1 ? stages->start : stages->items[index - 2].target,
        .to = stages->items[index - 1].target,
        .duration_ns = stages->items[index - 1].duration_ns,
    };
}

/* The level of LINE after ELAPSED_NS, less than its duration. Each step rounds, but none of them
 * ever makes more time less level on a rising line, or the reverse on a falling one. */
static double line_level(const struct line *line, uint64_t elapsed_ns)
{
    return line->from + (line->to - line->from) * ((double)elapsed_ns / (double)line->duration_ns);
}

/* The integral of LINE over its first ELAPSED_NS. Rounding makes no part more than the whole. */
static double line_total(const struct line *line, uint64_t elapsed_ns)
{
    double whole = clock_seconds(line->duration_ns) * (line->from + line->to) / 2;
    if (elapsed_ns >= line->duration_ns)
        return whole;
    return fmin(whole, clock_seconds(elapsed_ns) * (line->from + line_level(line, elapsed_ns)) / 2);
}

/* When the integral of LINE, from its beginning, reaches TOTAL, which it does. It is
 * from * t + slope * t^2 / 2; this form of its root also stands for a slope of 0. */
static uint64_t line_time_of_total(const struct line *line, double total)
{
    double slope = (line->to - line->from) / clock_seconds(line->duration_ns);
    double level = sqrt(fmax(0, line->from * line->from + 2 * slope * total));
    double ns = ceil(2 * total / (line->from + level) * (double)NS_PER_S - ROUNDING_NS);
    return ns < (double)line->duration_ns ? (uint64_t)ns : line->duration_ns;
}

uint64_t stages_duration_ns(const struct stages *stages)
{
    uint64_t duration_ns = stages->hold_ns;
    for (size_t i = 0; i < stages->count; i++)
        duration_ns += stages->items[i].duration_ns;
    return stages->count == 0 ? CLOCK_NEVER : duration_ns;
}

/* The level after the last stage. */
static double last_level(const struct stages *stages)
{
    return stages->count == 0 ? stages->start : stages->items[stages->count - 1].target;
}

double stages_level(const struct stages *stages, uint64_t time_ns)
{
    for (size_t i = 0; i <= stages->count; i++) {
        struct line line = line_of(stages, i);
        if (time_ns < line.duration_ns)
            return line_level(&line, time_ns);
        time_ns -= line.duration_ns;
    }
    return last_level(stages);
}

double stages_highest(const struct stages *stages)
{
    double highest = last_level(stages);
    for (size_t i = 0; i <= stages->count; i++) {
        struct line line = line_of(stages, i);
        if (line.duration_ns > 0)
            highest = fmax(highest, fmax(line.from, line.to));
    }
    return highest;
}

double stages_total(const struct stages *stages, uint64_t time_ns)
{
    double total = 0;
    for (size_t i = 0; i <= stages->count; i++) {
        struct line line = line_of(stages, i);
        total += line_total(&line, time_ns);
        if (time_ns <= line.duration_ns)
            break;
        time_ns -= line.duration_ns;
    }
    return total;
}

uint64_t stages_time_of_total(const struct stages *stages, double total)
{
    double before = 0;
    uint64_t start_ns = 0;
    if (total <= 0)
        return 0;
    for (size_t i = 0; i <= stages->count; i++) {
        struct line line = line_of(stages, i);
        double after = before + line_total(&line, line.duration_ns);
        if (total <= after)
            return start_ns + line_time_of_total(&line, total - before);
        before = after;
        start_ns += line.duration_ns;
    }
    return CLOCK_NEVER;
}

/* The first time in (LOW, HIGH] at which the whole part of the level is not WHOLE. It is WHOLE from
 * LOW to the beginning of the line that HIGH is in or ends, and within a line it never changes
 * back. */
static uint64_t find_change(const struct stages *stages, double whole, uint64_t low, uint64_t high)
{
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (floor(stages_level(stages, middle)) == whole)
            low = middle;
        else
            high = middle;
    }
    return high;
}

uint64_t stages_next_change_ns(const struct stages *stages, uint64_t time_ns)
{
    double whole = floor(stages_level(stages, time_ns));
    uint64_t end_ns = stages->hold_ns;
    for (size_t i = 0; i < stages->count; i++) {
        end_ns += stages->items[i].duration_ns;
        if (end_ns <= time_ns)
            continue;
        /* The last moment of the line, then the first after it: between them may be a jump. */
        for (uint64_t at = end_ns - 1; at <= end_ns; at++) {
            if (floor(stages_level(stages, at)) != whole)
                return find_change(stages, whole, time_ns, at);
        }
    }
    return CLOCK_NEVER;
}

/* --- The closed model --- */

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan)
{
    *schedule = (struct schedule){
        .next_seq = plan->worker,
        .step = plan->workers,
        .limit = plan->requests == 0 ? UINT64_MAX : plan->requests,
        .deadline_ns = CLOCK_NEVER,
    };
}

bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request)
{
    if (schedule_exhausted(schedule, now_ns))
        return false;
    *request = (struct request){.seq = schedule->next_seq, .due_ns = now_ns};
    schedule->next_seq += schedule->step;
    return true;
}

bool schedule_exhausted(const struct schedule *schedule, uint64_t now_ns)
{
    return schedule->next_seq >= schedule->limit || now_ns >= schedule->deadline_ns;
}

int think_parse(const char *text, struct think *think, struct error *error)
{
    struct text rest = text_of(text);
    if (text_begins(rest, EXPONENTIAL_PREFIX)) {
        *think = (struct think){.law = THINK_EXPONENTIAL};
        return units_parse_duration(text + strlen(EXPONENTIAL_PREFIX), &think->low_ns, error);
    }
    *think = (struct think){.law = THINK_UNIFORM};
    char low[DURATION_TEXT_SIZE];
    bool range = strchr(text, '-');
    if (range && text_copy(text_cut(&rest, '-'), low, sizeof(low)))
        return error_set(error, "not a time; use 2s, 1s-5s or exp:2s");
    if (units_parse_duration(range ? low : text, &think->low_ns, error) ||
        units_parse_duration(rest.data, &think->high_ns, error))
        return -1;
    if (think->low_ns > think->high_ns)
        return error_set(error, "the longer time comes first; use LOW-HIGH, as in 1s-5s");
    return 0;
}

/* In the largest unit that makes it whole, or in microseconds. Returns the place after it. */
static char *put_duration(char *out, uint64_t ns)
{
    if (ns % NS_PER_S == 0)
        return out + snprintf(out, THINK_TEXT_SIZE / 2, "%" PRIu64 "s", ns / NS_PER_S);
    if (ns % NS_PER_MS == 0)
        return out + snprintf(out, THINK_TEXT_SIZE / 2, "%" PRIu64 "ms", ns / NS_PER_MS);
    out += snprintf(out, THINK_TEXT_SIZE / 2, "%" PRIu64, ns / NS_PER_US);
    if (ns % NS_PER_US)
        out += snprintf(out, THINK_TEXT_SIZE / 2, ".%03" PRIu64, ns % NS_PER_US);
    return out + snprintf(out, sizeof("us"), "us");
}

char *think_format(const struct think *think, char out[THINK_TEXT_SIZE])
{
    char *end = out;
    if (think->law == THINK_EXPONENTIAL)
        end += snprintf(end, THINK_TEXT_SIZE, EXPONENTIAL_PREFIX);
    end = put_duration(end, think->low_ns);
    if (think->law == THINK_UNIFORM && think->high_ns != think->low_ns) {
        *end++ = '-';
        put_duration(end, think->high_ns);
    }
    return out;
}

uint64_t think_time_ns(const struct think *think, uint64_t seed, uint64_t seq)
{
    if (think->law == THINK_NONE)
        return 0;
    /* Seeded twice, so that runs with seeds next to each other do not have the same rests at
     * sequence numbers next to each other. */
    struct random random;
    random_init(&random, seed);
    random_init(&random, random_next(&random) + seq);
    if (think->law == THINK_UNIFORM)
        return random_between(&random, think->low_ns, think->high_ns);
    double rest = fmin(-log1p(-random_unit(&random)), LONGEST_REST);
    return (uint64_t)(rest * (double)think->low_ns);
}

/* --- The open model --- */

/* How many arrivals time allows: I is due before the end when I is less than the expected number.
 * An error of the sum must not make an arrival of it that would be due right at the end. */
static uint64_t arrivals_in_time(const struct arrivals_plan *plan)
{
    double total = stages_total(plan->rate, plan->duration_ns);
    double count = ceil(total * (1 - TOTAL_ERROR));
    bool endless = plan->duration_ns == CLOCK_NEVER &&
                   stages_duration_ns(plan->rate) == CLOCK_NEVER;
    return count >= 0x1p64 || (total > 0 && endless) ? UINT64_MAX : (uint64_t)count;
}

uint64_t arrivals_expected(const struct arrivals_plan *plan)
{
    return u64_min(plan->requests != 0 ? plan->requests : UINT64_MAX, arrivals_in_time(plan));
}

/* When the rate first exceeds 0: the first arrival of a constant law is due then, not before. */
static uint64_t first_moment_ns(const struct stages *rate)
{
    uint64_t time_ns = 0;
    for (size_t i = 0; i <= rate->count; i++) {
        struct line line = line_of(rate, i);
        if (line.duration_ns > 0 && (line.from > 0 || line.to > 0))
            return time_ns;
        time_ns += line.duration_ns;
    }
    return last_level(rate) > 0 ? time_ns : CLOCK_NEVER;
}

/* When the next arrival is due. */
static uint64_t find_due(const struct arrivals *arrivals)
{
    const struct arrivals_plan *plan = &arrivals->plan;
    if (arrivals->seq >= arrivals->limit)
        return CLOCK_NEVER;
    uint64_t due_ns = arrivals->total > 0 ? stages_time_of_total(plan->rate, arrivals->total)
                                          : first_moment_ns(plan->rate);
    due_ns = u64_max(due_ns, arrivals->due_ns); /* less by rounding */
    if (due_ns < plan->duration_ns)
        return due_ns;
    /* With a constant law the limit says that it is in time, and only rounding makes it late. */
    return plan->law == ARRIVAL_CONSTANT && due_ns != CLOCK_NEVER ? plan->duration_ns - 1
                                                                  : CLOCK_NEVER;
}

/* Moves on to number SEQ of the run, which is GAPS arrivals ahead: every worker draws the gaps of
 * all, so that all see the same sequence. */
static void move_to(struct arrivals *arrivals, uint64_t seq, unsigned gaps)
{
    arrivals->seq = seq;
    if (arrivals->plan.law == ARRIVAL_CONSTANT)
        arrivals->total = (double)seq;
    else
        for (unsigned i = 0; i < gaps; i++)
            arrivals->total -= log1p(-random_unit(&arrivals->random)); /* exponential, mean 1 */
    arrivals->due_ns = find_due(arrivals);
}

void arrivals_init(struct arrivals *arrivals, const struct arrivals_plan *plan)
{
    uint64_t limit = plan->law == ARRIVAL_CONSTANT ? arrivals_expected(plan) : plan->requests;
    *arrivals = (struct arrivals){.plan = *plan, .limit = limit};
    if (plan->law != ARRIVAL_CONSTANT && plan->requests == 0)
        arrivals->limit = UINT64_MAX;
    random_init(&arrivals->random, plan->seed);
    move_to(arrivals, plan->worker, plan->worker + 1);
}

uint64_t arrivals_take(struct arrivals *arrivals)
{
    uint64_t seq = arrivals->seq;
    move_to(arrivals, seq + arrivals->plan.workers, arrivals->plan.workers);
    return seq;
}
