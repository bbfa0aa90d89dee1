#include "wsload/engine/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "wsload/base/units.h"

/* For files and a spare, and for the loops, timers and pipes of each worker. */
#define OTHER_DESCRIPTORS  100
#define WORKER_DESCRIPTORS 8

/* libwebsockets makes tables of the size of the soft limit, one for each worker, and some container
 * hosts set a billion: more than this is taken only where it is needed. */
#define ENOUGH       4096
#define ENOUGH_SERVE 1048576

static int get_limit(struct rlimit *limit, struct error *error)
{
    if (getrlimit(RLIMIT_NOFILE, limit) == 0)
        return 0;
    return error_set(error, "the limit of open files cannot be read: %s", strerror(errno));
}

/* Sets the soft limit to WANTED, or as near to it as the hard one allows. */
static int set_soft_limit(struct rlimit limit, rlim_t wanted, struct error *error)
{
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    return error_set(error, "the limit of open files cannot be set: %s", strerror(errno));
}

int descriptors_require(uint64_t connections, unsigned workers, struct error *error)
{
    char allowed[UNITS_SIZE];
    struct rlimit limit;
    uint64_t needed = connections + OTHER_DESCRIPTORS + (uint64_t)workers * WORKER_DESCRIPTORS;
    if (get_limit(&limit, error))
        return -1;
    if (limit.rlim_max != RLIM_INFINITY && needed > limit.rlim_max)
        return error_set(error,
                         "this process may hold %s descriptors; raise it with 'ulimit -n %llu', or "
                         "use fewer connections",
                         units_format_count(limit.rlim_max, allowed), (unsigned long long)needed);
    return set_soft_limit(limit, needed > ENOUGH ? needed : ENOUGH, error);
}

int descriptors_take_all(struct error *error)
{
    struct rlimit limit;
    return get_limit(&limit, error) ? -1 : set_soft_limit(limit, ENOUGH_SERVE, error);
}
