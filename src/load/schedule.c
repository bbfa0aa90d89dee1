#include "wsload/load/schedule.h"

#include "wsload/base/clock.h"

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan)
{
    *schedule = (struct schedule){
        .next_seq = plan->worker,
        .step = plan->workers,
        .limit = plan->requests == 0 ? UINT64_MAX : plan->requests,
        .deadline_ns = CLOCK_NEVER,
        .prompt_count = plan->prompt_count,
    };
}

void schedule_start(struct schedule *schedule, uint64_t start_ns, uint64_t duration_ns)
{
    schedule->deadline_ns = duration_ns == 0 ? CLOCK_NEVER : start_ns + duration_ns;
}

bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request)
{
    if (schedule_exhausted(schedule, now_ns))
        return false;
    request->seq = schedule->next_seq;
    request->prompt_index = (size_t)(schedule->next_seq % schedule->prompt_count);
    schedule->next_seq += schedule->step;
    return true;
}

bool schedule_exhausted(const struct schedule *schedule, uint64_t now_ns)
{
    return schedule->stopped || schedule->next_seq >= schedule->limit ||
           now_ns >= schedule->deadline_ns;
}

void schedule_stop(struct schedule *schedule)
{
    schedule->stopped = true;
}
