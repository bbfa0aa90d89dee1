/* The load: what was asked of a run, in the form that a measurement keeps and a summary shows.
 *
 * Plain data without a pointer into anything else, so that it can be copied, written to a file and
 * read back. The plan holds it beside what only the engine needs (files, routes, texts). Its
 * members stand in one table, which the summary's writer and reader and the comparison of two loads
 * walk. It knows nothing of how a load is made from options. */
#ifndef WSLOAD_LOAD_LOAD_H
#define WSLOAD_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wsload/load/schedule.h"
#include "wsload/protocol/handshake.h"

#define WORKERS_MAX   256
#define IN_FLIGHT_MAX 1000
#define LOAD_URL_SIZE (URL_PATH_SIZE + URL_ORIGIN_SIZE)

enum load_model {
    LOAD_CLOSED, /* a connection sends its next prompt when the reply is there */
    LOAD_OPEN,   /* requests come due at a rate, whether or not replies are back */
    LOAD_HOLD    /* connections are held open, without requests */
};

/* What answers a request. */
enum load_reply {
    REPLY_MESSAGE, /* one message */
    REPLY_STREAM,  /* several, to an end that rules tell */
    REPLY_NONE     /* nothing: --one-way, --hold */
};

/* How a reply is told from other messages. */
enum told_by {
    TOLD_BY_ORDER, /* the first message after a prompt is its reply */
    TOLD_BY_END,   /* --reply-end says how it ends */
    TOLD_BY_ID     /* --correlate: each message of it carries the id of its request */
};

/* What gives a message that came its time. */
enum timestamps {
    TIMESTAMPS_AUTO, /* the kernel where it can */
    TIMESTAMPS_KERNEL,
    TIMESTAMPS_USER /* wsload's own reading */
};

/* A request's own times that can be limited. */
enum level { LEVEL_NONE, LEVEL_LATENCY, LEVEL_RESPONSE, LEVEL_TTFM, LEVEL_TPOM, LEVEL_COUNT };

/* The most that a request's times may be for it to count as good, for goodput. */
struct service_levels {
    bool any;                 /* a limit is given; else there is no goodput */
    uint64_t ns[LEVEL_COUNT]; /* CLOCK_NEVER: no limit; LEVEL_NONE is not used */
};

/* USD per million (AWS price list: WebSocket APIs). */
struct prices {
    double per_million_messages;
    double per_million_minutes; /* of connection */
};

struct load {
    char url[LOAD_URL_SIZE]; /* fit to be shown: see url_display() */
    char origin[1024];       /* "" when none is sent */
    enum load_model model;
    enum load_reply reply;
    enum told_by told_by;
    uint32_t connections; /* with stages of connections, the most of them */
    uint64_t requests;    /* 0: only time ends the run */
    uint64_t duration_ns; /* of the measured part; 0: only the requests end the run */
    uint64_t warmup_ns;   /* before it; 0: none */
    uint64_t prompts;     /* in the file */
    unsigned workers;     /* 1 .. WORKERS_MAX, at most one per connection */
    bool connection_per_request;
    struct stages stages;     /* of the rate (open) or of connections (closed), after the warm-up */
    enum arrival_law arrival; /* open */
    unsigned in_flight;       /* requests per connection at a time, 1 .. IN_FLIGHT_MAX; in a closed
                                 run that many prompts are kept in flight */
    uint64_t max_queue;       /* open: requests that may wait for a connection */
    struct think think;       /* closed */
    double connect_rate;      /* connections per second; 0: as fast as it goes */
    enum timestamps timestamps;
    uint64_t seed; /* of everything random in the schedule */
    struct service_levels levels;
    struct prices prices;
    bool gateway;    /* the target is an API Gateway host, or prices were given: the cost is of
                        interest */
    bool strict;     /* an invalid run exits with 4 */
    bool record;     /* every request was recorded to a file */
    uint64_t shards; /* measurements that make one run of this load; 1: each is whole */
};

/* --- The table of members --- */

enum load_type {
    LOAD_TEXT,    /* char[size] */
    LOAD_COUNT,   /* uint64_t */
    LOAD_COUNT32, /* uint32_t or unsigned */
    LOAD_SECONDS, /* uint64_t of ns */
    LOAD_NUMBER,  /* double, at least 0 */
    LOAD_BOOL,
    LOAD_CHOICE, /* an enum, of `names` */
    LOAD_STAGES,
    LOAD_THINK,
    LOAD_LEVELS
};

struct load_member {
    const char *path; /* in the summary: "load.model", "target.url" */
    enum load_type type;
    size_t offset; /* in struct load */
    size_t size;
    bool optional;            /* 0 and "" mean that there is none: null in the summary */
    bool varies;              /* two runs of one load may differ in it */
    bool open;                /* only an open run has it: null in the summary of another */
    bool digits;              /* of LOAD_COUNT: often too much for a JSON number */
    uint32_t least;           /* of a count */
    uint32_t most;            /* of a count; 0: what the type holds */
    const char *const *names; /* of LOAD_CHOICE, in the order of the enum, NULL at the end */
};

/* All members, in the order of the summary; COUNT gets how many. */
const struct load_member *load_members(size_t *count);

/* The member of LOAD that MEMBER describes. */
const void *load_member_of(const struct load *load, const struct load_member *member);

/* Whether LOAD has what MEMBER describes, and not the 0 or "" of an optional one. */
bool load_has(const struct load *load, const struct load_member *member);

/* Names of enum timestamps, NULL at the end: the choices of the option, too. */
extern const char *const load_timestamps_names[];

/* Names of levels as members of the summary: "latency", "response_time", ... */
extern const char *const load_level_names[LEVEL_COUNT];

/* The path of the first member in which A and B are different loads; NULL when they are one. ORDER
 * gets which of them comes first in it: below 0 A, above 0 B. */
const char *load_difference(const struct load *a, const struct load *b, int *order);

#endif
