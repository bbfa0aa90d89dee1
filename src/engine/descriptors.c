#include "wsload/engine/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

/* For files and a spare, and for the loops, timers and pipes of each worker. */
#define OTHER_DESCRIPTORS  100
#define WORKER_DESCRIPTORS 8

/* libwebsockets makes tables of the size of the soft limit, one for each worker, and some container
 * hosts set a billion: more than this is taken only where it is needed. */
#define ENOUGH       4096
#define ENOUGH_SERVE 1048576

/* Sets the soft limit to WANTED, or as near as the hard one allows, which must allow NEEDED. */
static int set_limit(uint64_t needed, uint64_t wanted, struct error *error)
{
    char allowed[UNITS_SIZE];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "the limit of open files cannot be read: %s", strerror(errno));
    if (needed > limit.rlim_max) /* RLIM_INFINITY is the largest of all */
        return error_set(error,
                         "this process may hold %s descriptors; raise it with 'ulimit -n %llu', or "
                         "use fewer connections",
                         units_format_count(limit.rlim_max, allowed), (unsigned long long)needed);
    limit.rlim_cur = u64_min(limit.rlim_max, wanted);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "the limit of open files cannot be set: %s", strerror(errno));
    return 0;
}

/* The kernel enlarges its table of SIZE descriptors as they are opened. With several threads it
 * waits for the other cores each time: 10 ms and more, eight times on the way to 10,000
 * connections. */
static void enlarge_table(uint64_t size)
{
    int last = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, (int)size - 1);
    if (last >= 0)
        close(last);
}

int descriptors_require(uint64_t connections, unsigned workers, struct error *error)
{
    uint64_t needed = connections + OTHER_DESCRIPTORS + (uint64_t)workers * WORKER_DESCRIPTORS;
    if (set_limit(needed, u64_max(needed, ENOUGH), error))
        return -1;
    enlarge_table(needed);
    return 0;
}

int descriptors_take_all(struct error *error)
{
    return set_limit(0, ENOUGH_SERVE, error);
}
