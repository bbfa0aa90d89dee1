#include "core_watch.h"

#include "wsload/base/helpers.h"

void core_watch_begin(struct core_watch *watch, uint64_t now_ns, struct thread_time used)
{
    *watch = (struct core_watch){.watching = true, .start_ns = now_ns, .start = used};
}

bool core_watch_is_due(const struct core_watch *watch, uint64_t now_ns)
{
    return watch->watching && now_ns >= watch->start_ns + CORE_WATCH_LEAST_NS;
}

/* Of TIME_NS, the share between two readings. A file that could not be read reads as 0. */
static double share_of(uint64_t start_ns, uint64_t end_ns, uint64_t time_ns)
{
    uint64_t used_ns = end_ns - u64_min(start_ns, end_ns);
    return (double)u64_min(used_ns, time_ns) / (double)time_ns;
}

void core_watch_end(struct core_watch *watch, uint64_t now_ns, struct thread_time used)
{
    if (!watch->watching || now_ns <= watch->start_ns)
        return;
    uint64_t time_ns = now_ns - watch->start_ns;
    watch->watching = false;
    watch->use = (struct worker_use){
        .cpu = share_of(watch->start.cpu_ns, used.cpu_ns, time_ns),
        .wait = share_of(watch->start.wait_ns, used.wait_ns, time_ns),
        .time_ns = time_ns,
    };
}
