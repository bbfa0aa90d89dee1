/* From what was asked to what will be done: options to a plan, with all checks before the run. */
#ifndef WSLOAD_COMMAND_RUN_PLAN_H
#define WSLOAD_COMMAND_RUN_PLAN_H

#include "wsload/command/run_options.h"
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
    struct header headers[OPTION_LIST_MAX + 1]; /* and the User-Agent */
    size_t header_count;
    struct resolve_rule resolve[OPTION_LIST_MAX];
    struct connect_to_rule connect_to[OPTION_LIST_MAX];
    char origin[1024];                               /* "" sends none */
    char shown_url[URL_PATH_SIZE + URL_ORIGIN_SIZE]; /* without secrets */
};

/* Checks OPTIONS and builds the plan. OPTIONS must outlive it. 0 or -1. */
int run_plan_build(struct run_plan *run, const struct run_options *options, struct error *error);

/* Releases everything. A zeroed struct is fine. */
void run_plan_free(struct run_plan *run);

#endif
