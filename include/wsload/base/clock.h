/* Time: one internal unit, uint64_t nanoseconds on the monotonic clock, and wall time for people.
 */
#ifndef WSLOAD_BASE_CLOCK_H
#define WSLOAD_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

/* Longer than any deadline: "never". */
#define CLOCK_NEVER UINT64_MAX

/* Room for clock_format_utc() with its NUL. */
#define CLOCK_UTC_SIZE 32

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t clock_monotonic_ns(void);

/* What the calling thread has used of processors since it began, in ns. */
struct thread_time {
    uint64_t cpu_ns;
    uint64_t wait_ns; /* when it could have run and did not: another thread had the core, or a CPU
                         quota was used up; 0 when the kernel does not say */
};
struct thread_time clock_thread_time(void);

/* Time since 1970-01-01T00:00:00Z of CLOCK_REALTIME. */
uint64_t clock_wall_ns(void);
uint64_t clock_wall_ms(void);

/* Writes UNIX_MS as RFC 3339 in UTC with milliseconds: 2026-11-22T10:00:00.123Z. */
void clock_format_utc(uint64_t unix_ms, char out[CLOCK_UTC_SIZE]);

/* Reads that back. False when TEXT is anything else. */
bool clock_parse_utc(const char *text, uint64_t *unix_ms);

/* Nanoseconds as seconds. */
double clock_seconds(uint64_t ns);

#endif
