#include "wsload/engine/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "wsload/base/units.h"

/* For files, loops, timers and a spare. */
#define OTHER_DESCRIPTORS 100

/* libwebsockets makes tables of the size of the soft limit, and some container hosts set a billion:
 * no more than this is taken unless it is needed. */
#define SENSIBLE_LIMIT 1048576

int descriptors_require(uint64_t connections, struct error *error)
{
    char allowed[UNITS_SIZE];
    struct rlimit limit;
    uint64_t needed = connections + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "the limit of open files cannot be read: %s", strerror(errno));
    if (limit.rlim_max != RLIM_INFINITY && needed > limit.rlim_max)
        return error_set(error,
                         "this process may hold %s descriptors; raise it with 'ulimit -n %llu', or "
                         "use fewer connections",
                         units_format_count(limit.rlim_max, allowed), (unsigned long long)needed);
    rlim_t wanted = needed > SENSIBLE_LIMIT ? needed : SENSIBLE_LIMIT;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "the limit of open files cannot be set: %s", strerror(errno));
    return 0;
}
