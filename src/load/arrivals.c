#include "wsload/load/arrivals.h"

#include <math.h>

#include "wsload/base/clock.h"

/* stages_total() adds at most STAGES_MAX positive terms of a few roundings each, of 2^-53: its
 * relative error is below this. */
#define TOTAL_ERROR 1e-14

static bool endless(const struct arrivals_plan *plan)
{
    return plan->duration_ns == CLOCK_NEVER && stages_duration_ns(plan->rate) == CLOCK_NEVER;
}

/* How many arrivals time allows: I is due before the end when I is less than the expected number.
 * An error of the sum must not make an arrival of it that would be due right at the end. */
static uint64_t arrivals_in_time(const struct arrivals_plan *plan)
{
    double total = stages_total(plan->rate, plan->duration_ns);
    double count = ceil(total * (1 - TOTAL_ERROR));
    if (count >= 0x1p64 || (total > 0 && endless(plan)))
        return UINT64_MAX;
    return (uint64_t)count;
}

uint64_t arrivals_expected(const struct arrivals_plan *plan)
{
    uint64_t in_time = arrivals_in_time(plan);
    return plan->requests != 0 && plan->requests < in_time ? plan->requests : in_time;
}

static uint64_t limit_of(const struct arrivals_plan *plan)
{
    if (plan->law == ARRIVAL_CONSTANT)
        return arrivals_expected(plan);
    return plan->requests == 0 ? UINT64_MAX : plan->requests;
}

/* Exponential, of mean 1. */
static double random_gap(struct random *random)
{
    return -log1p(-random_unit(random));
}

/* From when on there is a rate at all: the first arrival of a constant law is due then, not while
 * the stages still stand at 0. */
static uint64_t first_moment_ns(const struct stages *rate)
{
    uint64_t time_ns = 0;
    double level = rate->start;
    for (size_t i = 0; i < rate->count; i++) {
        const struct stage *stage = &rate->items[i];
        if (stage->duration_ns > 0 && (level > 0 || stage->target > 0))
            return time_ns;
        time_ns += stage->duration_ns;
        level = stage->target;
    }
    return level > 0 ? time_ns : CLOCK_NEVER;
}

/* When the arrival at hand is due. */
static uint64_t find_due(const struct arrivals *arrivals)
{
    const struct arrivals_plan *plan = &arrivals->plan;
    if (arrivals->seq >= arrivals->limit)
        return CLOCK_NEVER;
    uint64_t due_ns = arrivals->total > 0 ? stages_time_of_total(plan->rate, arrivals->total)
                                          : first_moment_ns(plan->rate);
    if (due_ns < arrivals->due_ns) /* by rounding */
        due_ns = arrivals->due_ns;
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
            arrivals->total += random_gap(&arrivals->random);
    arrivals->due_ns = find_due(arrivals);
}

void arrivals_init(struct arrivals *arrivals, const struct arrivals_plan *plan)
{
    *arrivals = (struct arrivals){.plan = *plan, .limit = limit_of(plan)};
    random_init(&arrivals->random, plan->seed);
    move_to(arrivals, plan->worker, plan->worker + 1);
}

uint64_t arrivals_due_ns(const struct arrivals *arrivals)
{
    return arrivals->due_ns;
}

uint64_t arrivals_take(struct arrivals *arrivals)
{
    uint64_t seq = arrivals->seq;
    move_to(arrivals, seq + arrivals->plan.workers, arrivals->plan.workers);
    return seq;
}
