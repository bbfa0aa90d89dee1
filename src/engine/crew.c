#include "wsload/engine/crew.h"

#include "wsload/base/clock.h"

void crew_init(struct crew *crew, unsigned workers, void (*wake_all)(void *user), void *user)
{
    crew->workers = workers;
    crew->wake_all = wake_all;
    crew->user = user;
    atomic_init(&crew->stop, STOP_NONE);
    atomic_init(&crew->unsettled, workers);
    atomic_init(&crew->any_open, false);
    atomic_init(&crew->start_ns, 0);
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

bool crew_is_hopeless(const struct crew *crew)
{
    return atomic_load(&crew->unsettled) == 0 && !atomic_load(&crew->any_open);
}

uint64_t crew_start_ns(const struct crew *crew)
{
    return atomic_load_explicit(&crew->start_ns, memory_order_relaxed);
}

void crew_stop(struct crew *crew, enum stop_request how)
{
    /* What was asked before may be made more urgent, and never less. */
    if (how > crew_stop_requested(crew))
        atomic_store_explicit(&crew->stop, (int)how, memory_order_relaxed);
    crew->wake_all(crew->user);
}

enum stop_request crew_stop_requested(const struct crew *crew)
{
    return (enum stop_request)atomic_load_explicit(&crew->stop, memory_order_relaxed);
}
