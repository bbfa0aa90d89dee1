/* From what was asked to what will be done: options to a plan and thresholds, with all checks
 * before the run. Each part has a source of its own; the plan's owner calls run_plan_build() and
 * run_thresholds_build(), and those call the rest in an order in which each finds what it needs.
 * Nothing is opened but the files that options name. */
#ifndef WSLOAD_COMMAND_RUN_BUILD_H
#define WSLOAD_COMMAND_RUN_BUILD_H

#include "run_options.h"
#include "wsload/judge/thresholds.h"
#include "wsload/load/plan.h"

/* A plan and everything that it borrows. */
struct run_plan {
    struct plan plan; /* owns its reply rules */
    struct users users;
    struct prompts prompts;
    struct template template;
    struct steps steps;
    struct identity *identity;
    struct buffer template_text;
    struct buffer subprotocols;
    char host_header[1024];                     /* a template, as the next are */
    struct header headers[OPTION_LIST_MAX + 1]; /* and the User-Agent */
    size_t header_count;
    struct resolve_rule resolve[OPTION_LIST_MAX];
    struct connect_to_rule connect_to[OPTION_LIST_MAX];
    char note[512]; /* what may not be meant, and is done; "": nothing */
};

/* --- The whole: run_plan.c --- */

/* Checks OPTIONS and builds the plan. OPTIONS must outlive it. 0 or -1. */
int run_plan_build(struct run_plan *run, const struct run_options *options, struct error *error);

/* The file of prompts; NULL with --hold, which needs none. */
const char *run_plan_prompts_file(const struct run_options *options);

/* Releases everything. A zeroed struct is fine. */
void run_plan_free(struct run_plan *run);

/* --- The limits that it is judged by: run_thresholds.c --- */

/* Fills THRESHOLDS, empty yet, for a run of PLAN, which is complete: what OPTIONS ask for, or else
 * the defaults. 0 or -1. */
int run_thresholds_build(struct thresholds *thresholds, const struct run_options *options,
                         const struct plan *plan, struct error *error);

/* --- What is read: not twice from a pipe, and not written over: run_inputs.c --- */

/* Whether at most one of the files that OPTIONS name is standard input: what was read from a pipe
 * is gone for who reads after. 0 or -1. */
int run_inputs_check_stdin(const struct run_options *options, struct error *error);

/* Whether none of OUTPUTS goes over what a run of OPTIONS reads. 0 or -1. */
int run_inputs_check(const struct run_options *options, const struct outputs *outputs,
                     struct error *error);

/* --- Options that make no sense together, or not without each other: run_conflicts.c --- */

/* Options that make no sense with another one, or without, or have no effect then. */
struct run_conflict {
    const char *options; /* any of them, separated by spaces */
    const char *with;    /* and one of these as well; NULL: whatever else is given */
    const char *why;
    const char *is;      /* this is the value of WITH; NULL: any */
    const char *without; /* and none of these; NULL: whatever else is not given */
    bool several;        /* and with more than one request in flight */
    bool plain;          /* and with a ws:// URL */
};

/* All of them; COUNT gets how many. */
const struct run_conflict *run_conflicts(size_t *count);

/* 0, or -1 and the first conflict in OPTIONS: what, and how to mend it. */
int run_conflicts_check(const struct run_options *options, struct error *error);

/* The same of what shows only when templates, rules and steps have been read: PLAN is complete. */
int run_conflicts_check_plan(const struct plan *plan, struct error *error);

/* --- Where connections go, how, and who they say they are: run_target.c --- */

/* Fills in the plan's target and users, and the URL that may be shown. 0 or -1; no value of a
 * header, parameter or token is in the error. */
int run_target_build(struct run_plan *run, const struct run_options *options, struct error *error);

/* Whether the longest path of all connections is short enough for the target, and their handshake
 * for the transport. 0 or -1. */
int run_target_check_lengths(const struct run_plan *run, struct error *error);

/* Whether TARGET is an endpoint of API Gateway: its limits and prices are of interest then. */
bool run_target_is_gateway(const struct target *target);

/* --- How many connections, and when to send how much over them: run_load.c --- */

/* Fills in all of PLAN but what OPTIONS put there, the target and the messages, which must be in.
 * OPTIONS, free of conflicts, must outlive it. 0 or -1. */
int run_load_build(struct plan *plan, const struct run_options *options, struct error *error);

/* How many requests the measured part of PLAN has at most; UINT64_MAX when nobody can know. */
uint64_t run_load_requests(const struct plan *plan);

#endif
