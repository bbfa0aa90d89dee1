#include "wsload/base/cores.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/base/helpers.h"

#define GROUPS_SIZE_MAX 65536 /* of /proc/self/cgroup */
#define NUMBERS_SIZE    64

/* Where the controller of CPU time is, by the version of control groups. */
static const struct {
    const char *controller; /* in /proc/self/cgroup; "": version 2 names none */
    const char *mount;
} hierarchies[] = {
    {"", "/sys/fs/cgroup"},
    {"", "/sys/fs/cgroup/unified"},
    {"cpu", "/sys/fs/cgroup/cpu"},
    {"cpu", "/sys/fs/cgroup/cpu,cpuacct"},
};

/* The numbers at the beginning of the file NAME in DIRECTORY, two at most. Returns how many. */
static int read_numbers(const char *directory, const char *name, double numbers[2])
{
    char path[PATH_MAX];
    struct buffer text;
    struct error ignored;
    int count = 0;
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) >= sizeof(path))
        return 0;
    buffer_init(&text, NUMBERS_SIZE);
    if (file_read(path, &text, &ignored) == 0 && text.length > 0)
        count = sscanf(text.data, "%lf %lf", &numbers[0], &numbers[1]);
    buffer_free(&text);
    return count;
}

/* Of one group alone, whose files are in DIRECTORY. "max" is no number, and -1 is no limit. */
static double quota_of(const char *directory)
{
    double time[2];
    double period[2];
    if (read_numbers(directory, "cpu.max", time) == 2 && time[1] > 0)
        return time[0] / time[1];
    if (read_numbers(directory, "cpu.cfs_quota_us", time) > 0 && time[0] > 0 &&
        read_numbers(directory, "cpu.cfs_period_us", period) > 0 && period[0] > 0)
        return time[0] / period[0];
    return INFINITY;
}

/* The least of GROUP and of those it is in, up to the root, under MOUNT. In a container GROUP may
 * be the name that it has outside, and its files are those of the root. */
static double quota_up_from(const char *root, const char *mount, struct text group)
{
    char path[PATH_MAX];
    double least = INFINITY;
    size_t shortest = strlen(root) + strlen(mount);
    if ((size_t)snprintf(path, sizeof(path), "%s%s%.*s", root, mount, TEXT_ARGS(group)) >=
        sizeof(path))
        return INFINITY;
    for (;;) {
        least = fmin(least, quota_of(path));
        char *last = strrchr(path + shortest, '/');
        if (!last)
            return least;
        *last = '\0';
    }
}

/* Whether NAME is one of the LIST, which commas separate; of an empty list "" is. */
static bool is_listed(struct text list, const char *name)
{
    do {
        if (text_equal(text_cut(&list, ','), text_of(name)))
            return true;
    } while (list.length > 0);
    return false;
}

/* LINE is one of /proc/self/cgroup: "4:cpu,cpuacct:/a/b". */
static double quota_by_line(const char *root, struct text line)
{
    double least = INFINITY;
    (void)text_cut(&line, ':');
    struct text controllers = text_cut(&line, ':');
    for (size_t i = 0; i < ARRAY_LENGTH(hierarchies); i++)
        if (is_listed(controllers, hierarchies[i].controller))
            least = fmin(least, quota_up_from(root, hierarchies[i].mount, line));
    return least;
}

double cores_quota(const char *root)
{
    char path[PATH_MAX];
    struct buffer groups;
    struct error ignored;
    double least = INFINITY;
    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    buffer_init(&groups, GROUPS_SIZE_MAX);
    if (file_read(path, &groups, &ignored) == 0)
        for (struct text rest = buffer_text(&groups); rest.length > 0;)
            least = fmin(least, quota_by_line(root, text_cut(&rest, '\n')));
    buffer_free(&groups);
    return least;
}

double cores_allowed(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    double cores = online > 0 ? (double)online : 1; /* where there are more than CPU_SETSIZE */
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        cores = CPU_COUNT(&set);
    return fmin(cores, cores_quota(""));
}
