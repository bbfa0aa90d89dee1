#include "core_watch.h"

void core_watch_begin(struct core_watch *watch, uint64_t now_ns, struct thread_time used)
{
    *watch = (struct core_watch){.watching = true, .start_ns = now_ns, .start = used};
}

bool core_watch_is_due(const struct core_watch *watch, uint64_t now_ns)
{
    return watch->watching && now_ns >= watch->start_ns + CORE_WATCH_LEAST_NS;
}

void core_watch_end(struct core_watch *watch, uint64_t now_ns, struct thread_time used)
{
    if (!watch->watching || now_ns <= watch->start_ns)
        return;
    double time_ns = (double)(now_ns - watch->start_ns);
    watch->watching = false;
    watch->use = (struct worker_use){
        .cpu = (double)(used.cpu_ns - watch->start.cpu_ns) / time_ns,
        .wait = (double)(used.wait_ns - watch->start.wait_ns) / time_ns,
        .time_ns = now_ns - watch->start_ns,
    };
}
