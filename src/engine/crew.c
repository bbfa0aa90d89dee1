#include "wsload/engine/crew.h"

#include "wsload/base/clock.h"

void crew_init(struct crew *crew, unsigned workers, void (*wake_all)(void *user), void *user)
{
    *crew = (struct crew){
        .workers = workers, .unsettled = workers, .wake_all = wake_all, .user = user};
}

static void set_start(struct crew *crew, uint64_t start_ns)
{
    uint64_t unknown = 0;
    atomic_compare_exchange_strong(&crew->start_ns, &unknown, start_ns);
}

void crew_start(struct crew *crew, uint64_t now_ns)
{
    set_start(crew, now_ns + (crew->workers > 1 ? CREW_START_DELAY_NS : 0));
}

void crew_settle(struct crew *crew, bool open, uint64_t now_ns)
{
    if (open)
        atomic_store(&crew->any_open, true);
    if (atomic_fetch_sub(&crew->unsettled, 1) > 1)
        return;
    if (atomic_load(&crew->any_open))
        crew_start(crew, now_ns);
    else
        set_start(crew, CLOCK_NEVER);
    crew->wake_all(crew->user);
}

void crew_stop(struct crew *crew, enum stop_request how)
{
    /* What was asked before may be made more urgent, and never less. */
    if (how > crew_stop_requested(crew))
        atomic_store_explicit(&crew->stop, (int)how, memory_order_relaxed);
    crew->wake_all(crew->user);
}
