/* A run over the fake transport: three prompts, a plan that a test may change before it executes,
 * and what holds after every run. */
#ifndef WSLOAD_TESTS_FAKE_RUN_H
#define WSLOAD_TESTS_FAKE_RUN_H

#include "fake_transport.h"
#include "worker.h"

#define RUN_WORKERS_MAX 4

struct run {
    struct template message;
    struct steps steps;
    struct plan plan;
    struct thresholds thresholds;
    struct journal *journal;       /* NULL: none */
    struct transcript *transcript; /* NULL: none */
    struct run_control control;
    struct worker *workers[RUN_WORKERS_MAX]; /* plan.load.workers of them */
    struct fake_transport fakes[RUN_WORKERS_MAX];
    struct worker *worker;       /* the first */
    struct fake_transport *fake; /* its transport */
    void (*script)(struct fake_transport *fake);
    const struct failure *refuse_with; /* of every transport; set these before the run */
    uint64_t delay_ns;
    bool stamps;    /* of every transport */
    bool keeps_log; /* of what is sent; see struct fake_transport */
};

extern struct run run; /* one at a time; the scripts see it */

/* Makes the plan, of one worker; "one", "two" and "three" are sent as "1 one", "2 two", "3 three",
 * "4 one" ... */
void run_set_up(uint32_t connections, uint64_t requests);

/* Makes a plan of the open model: RATE requests a second for DURATION_NS, 0 for no such end. */
void run_set_up_open(uint32_t connections, double rate, uint64_t duration_ns);

/* The plan sends TEXT, a template, instead. */
void run_send(const char *text);

/* Replies of the plan end by RULE, as --reply-end says it. */
void run_end_replies(const char *rule);

/* Replies of the plan carry the ids of their requests in "id", and the messages are these ids. */
void run_correlate(void);

/* The plan has the steps of JSON, a file of --setup. */
void run_set_steps(const char *json);

/* In a script: opens every connection of the plan, and lets the run begin. */
void run_open_all(struct fake_transport *fake);

/* Runs the plan with SCRIPT as the network of all workers; it is given the first one's transport,
 * which the others follow. The recorder is the first worker's. */
const struct recorder *run_execute(void (*script)(struct fake_transport *));

/* Of worker INDEX, after the run. */
const struct recorder *run_recorder(unsigned index);

/* In a script, with run_correlate(): a message on connection ID that carries the id of request SEQ,
 * from 1, and the other MEMBERS, as in ", \"end\": 1". */
void run_answer(struct fake_transport *fake, uint32_t id, uint64_t seq, const char *members);

/* What RECORDER has of ID. */
const struct histogram *distribution_of(const struct recorder *recorder, enum distribution id);

/* Every figure of HISTOGRAM, of which there are COUNT, is the same, LOW_NS; or they are from LOW_NS
 * to HIGH_NS. Exact up to what a histogram keeps, as its least and greatest are. */
void assert_times(const struct histogram *histogram, uint64_t count, uint64_t low_ns,
                  uint64_t high_ns);

/* How long the measured part took: to the end of sending, or to the last end of a request. */
uint64_t run_total_ns(void);

void run_tear_down(void);

/* What must hold once a worker's run has ended: each request that came due was sent, failed before
 * it was sent or was skipped; each that was started ended in exactly one way; and each figure has a
 * sample of each. */
void assert_conserved(const struct recorder *recorder);

/* The class of failures at INDEX is KIND with DETAIL, and failed REQUESTS of them. */
void assert_failure(const struct recorder *recorder, size_t index, enum failure_kind kind,
                    const char *detail, uint64_t requests);

#endif
