/* Watching a run from the main thread: progress on standard error, signals to the engine. */
#ifndef WSLOAD_COMMAND_MONITOR_H
#define WSLOAD_COMMAND_MONITOR_H

#include "wsload/base/error.h"
#include "wsload/engine/engine.h"
#include "wsload/report/progress.h"

/* Blocks SIGINT, SIGTERM and, unless it is ignored, SIGHUP in this thread and all that it starts,
 * so that monitor_run() gets them, or gives them back their usual effect. */
void monitor_block_signals(bool blocked);

/* A run that is watched. */
struct monitor {
    struct engine *engine;               /* started */
    const struct thresholds *thresholds; /* those of the engine */
    uint64_t requests;                   /* measured ones of the run at most; UINT64_MAX: unknown */
    struct progress progress;
    int signal_number;                  /* out: the first of those; 0: none came */
    const struct threshold *aborted_by; /* out: that was sure to fail; NULL: none was */
};

/* Says what is tested, LOAD, where progress is plain. Before the engine starts. */
void monitor_announce(const struct monitor *monitor, const struct load *load);

/* Waits until the engine is done. A threshold with abort that is sure to fail ends the run
 * politely, as does the first of those signals; the second ends it at once. 0 or -1. */
int monitor_run(struct monitor *monitor, struct error *error);

#endif
