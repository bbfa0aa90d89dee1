#include "wsload/engine/run_control.h"

#include "wsload/base/clock.h"

void run_control_init(struct run_control *control, unsigned workers, void (*wake_all)(void *user),
                      void *user)
{
    *control = (struct run_control){
        .workers = workers, .unsettled = workers, .wake_all = wake_all, .user = user};
}

static void set_start(struct run_control *control, uint64_t start_ns)
{
    uint64_t unknown = 0;
    atomic_compare_exchange_strong(&control->start_ns, &unknown, start_ns);
}

void run_control_start(struct run_control *control, uint64_t now_ns)
{
    set_start(control, now_ns + (control->workers > 1 ? RUN_CONTROL_START_DELAY_NS : 0));
}

void run_control_first_tries_done(struct run_control *control, bool open, uint64_t now_ns)
{
    if (open)
        atomic_store(&control->any_open, true);
    if (atomic_fetch_sub(&control->unsettled, 1) > 1)
        return;
    if (atomic_load(&control->any_open))
        run_control_start(control, now_ns);
    else
        set_start(control, CLOCK_NEVER);
    control->wake_all(control->user);
}

void run_control_stop(struct run_control *control, enum stop_request how)
{
    /* What was asked before may be made more urgent, and never less. */
    if (how > run_control_stop_requested(control))
        atomic_store_explicit(&control->stop, (int)how, memory_order_relaxed);
    control->wake_all(control->user);
}
