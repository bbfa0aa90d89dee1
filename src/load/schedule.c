#include "wsload/load/schedule.h"

#include "wsload/base/clock.h"

void schedule_init(struct schedule *schedule, const struct schedule_plan *plan)
{
    *schedule = (struct schedule){
        .next_seq = plan->worker,
        .step = plan->workers,
        .limit = plan->requests == 0 ? UINT64_MAX : plan->requests,
        .deadline_ns = CLOCK_NEVER,
    };
}

void schedule_start(struct schedule *schedule, uint64_t deadline_ns)
{
    schedule->deadline_ns = deadline_ns;
}

bool schedule_take(struct schedule *schedule, uint64_t now_ns, struct request *request)
{
    if (schedule_exhausted(schedule, now_ns))
        return false;
    *request = (struct request){schedule->next_seq, now_ns};
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
