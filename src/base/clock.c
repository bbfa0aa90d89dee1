#include "wsload/base/clock.h"

#include <stdio.h>
#include <time.h>

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

uint64_t clock_thread_cpu_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
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

double clock_seconds(uint64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}
