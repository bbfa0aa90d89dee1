/* Watching a run from the main thread: progress on standard error, signals to the engine. */
#ifndef WSLOAD_COMMAND_MONITOR_H
#define WSLOAD_COMMAND_MONITOR_H

#include "wsload/base/error.h"
#include "wsload/engine/engine.h"
#include "wsload/report/progress.h"

/* Blocks SIGINT and SIGTERM in this thread and all that it starts, so that monitor_run() gets them.
 */
void monitor_block_signals(void);

/* Gives them back their usual effect. */
void monitor_unblock_signals(void);

/* Waits until ENGINE is done. The first SIGINT or SIGTERM ends the run politely, the second at
 * once. SIGNAL_NUMBER gets the first one, or 0. 0 or -1. */
int monitor_run(struct engine *engine, struct progress *progress, int *signal_number,
                struct error *error);

#endif
