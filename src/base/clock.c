#include "wsload/base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

/* The second number of the file (Linux, Documentation/scheduler/sched-stats). */
static uint64_t thread_wait_ns(void)
{
    char text[64] = "";
    unsigned long long wait_ns = 0;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    return length > 0 && sscanf(text, "%*u %llu", &wait_ns) == 1 ? wait_ns : 0;
}

struct thread_time clock_thread_time(void)
{
    return (struct thread_time){read_ns(CLOCK_THREAD_CPUTIME_ID), thread_wait_ns()};
}

uint64_t clock_wall_ns(void)
{
    return read_ns(CLOCK_REALTIME);
}

uint64_t clock_wall_ms(void)
{
    return clock_wall_ns() / NS_PER_MS;
}

void clock_format_utc(uint64_t unix_ms, char out[CLOCK_UTC_SIZE])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t length = strftime(out, CLOCK_UTC_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out + length, CLOCK_UTC_SIZE - length, ".%03uZ", (unsigned)(unix_ms % 1000));
}

bool clock_parse_utc(const char *text, uint64_t *unix_ms)
{
    char again[CLOCK_UTC_SIZE];
    unsigned ms = 0;
    struct tm utc = {.tm_mday = 1};
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3uZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
               &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ms) != 7)
        return false;
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    time_t seconds = timegm(&utc);
    if (seconds < 0)
        return false;
    *unix_ms = (uint64_t)seconds * 1000 + ms;
    clock_format_utc(*unix_ms, again); /* what was read too kindly reads otherwise now */
    return strcmp(text, again) == 0;
}

double clock_seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}
