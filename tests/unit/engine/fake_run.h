/* A worker's run over the fake transport: three prompts, a plan that a test may change before it
 * executes, and what holds after every run. */
#ifndef WSLOAD_TESTS_FAKE_RUN_H
#define WSLOAD_TESTS_FAKE_RUN_H

#include "fake_transport.h"
#include "wsload/engine/worker.h"

struct run {
    struct template message;
    struct plan plan;
    atomic_int stop;
    struct worker *worker;
    struct fake_transport fake;
};

extern struct run run; /* one at a time; the scripts see it */

/* Makes the plan; "one", "two" and "three" are sent as "1 one", "2 two", "3 three", "4 one" ... */
void run_set_up(uint32_t connections, uint64_t requests);

/* Runs the plan with SCRIPT as the network. The recorder is the worker's. */
const struct recorder *run_execute(void (*script)(struct fake_transport *));

void run_tear_down(void);

/* What must hold once a run has ended: each request that was sent ended in exactly one way, unless
 * it failed before it was sent. */
void assert_conserved(const struct recorder *recorder);

/* The class of failures at INDEX is KIND with DETAIL, and failed REQUESTS of them. */
void assert_failure(const struct recorder *recorder, size_t index, enum failure_kind kind,
                    const char *detail, uint64_t requests);

#endif
