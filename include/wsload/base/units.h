/* Numbers with units, as people type and read them.
 *
 * Parsing: white space around the number is not accepted, fractions are; the whole text must be
 * used. On failure the error says what is wrong and which units there are, without naming the
 * option ("unknown unit 'x'; use us, ms, s, m or h, as in 500ms"): the caller puts that before it.
 */
#ifndef WSLOAD_BASE_UNITS_H
#define WSLOAD_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "wsload/base/error.h"

/* Room for any units_format_*() with its NUL. */
#define UNITS_SIZE 32

/* A time: us ms s m h, a bare number is seconds, parts may be joined (1h30m, 1m0.5s). Up to 1,000
 * hours. NS in nanoseconds. 0 or -1. */
int units_parse_duration(const char *text, uint64_t *ns, struct error *error);

/* A count: k m g are powers of 1000 (2.5k is 2,500); the result must be whole. 0 or -1. */
int units_parse_count(const char *text, uint64_t *count, struct error *error);

/* A size in bytes: B KB MB GB are powers of 1000, KiB MiB GiB of 1024; bare is bytes. 0 or -1. */
int units_parse_size(const char *text, uint64_t *bytes, struct error *error);

/* A rate per second: k m g, and /s /m /h (300/m is 5 per second). Finite, at least 0. 0 or -1. */
int units_parse_rate(const char *text, double *per_s, struct error *error);

/* A percentage from 0 to 100, with or without '%'. 0 or -1. */
int units_parse_percent(const char *text, double *percent, struct error *error);

/* A time and a percentage where a wrong guess would never be noticed, as in limits: a bare number
 * is refused unless it is 0, as it may be seconds or milliseconds ("500": "500ms or 500s ?"), and
 * so is a percentage of at most 1 without '%', which may be a share ("0.95": "95 ?"). 0 or -1. */
int units_parse_limit_time(const char *text, uint64_t *ns, struct error *error);
int units_parse_limit_percent(const char *text, double *percent, struct error *error);

/* 1234567 as "1,234,567". Returns OUT, as all of these do. */
char *units_format_count(uint64_t count, char out[UNITS_SIZE]);

/* A duration with three significant digits in the unit that fits: "950 us", "52.0 ms", "1.23 s",
 * "12 min 5 s", "2 h 5 min". One that is shown exactly drops its zeros: "500 ms", "1.5 s". */
char *units_format_duration(uint64_t ns, char out[UNITS_SIZE]);

/* A size in the largest binary unit that is not larger, with one decimal unless it is whole:
 * "128 KiB", "1.5 MiB". */
char *units_format_size(uint64_t bytes, char out[UNITS_SIZE]);

/* A rate or other positive number with three significant digits and grouped thousands: "0.512",
 * "81.0", "376", "12,345". */
char *units_format_number(double number, char out[UNITS_SIZE]);

/* --- Figures beside a limit --- */

enum rounding { ROUND_NEAREST, ROUND_DOWN };

/* VALUE, not negative, rounded to *DECIMALS digits after the point, or to as many more, at most 6,
 * as it takes to stand on its own side of LIMIT and of 0: 500.04 is not 500 when 500 is the limit,
 * and 0.004 not 0.0. What needs still more is rounded away from the limit. */
double units_round_beside(double value, double limit, enum rounding rounding, int *decimals);

/* NS as units_format_duration() does, with more digits when it takes them beside LIMIT_NS. Returns
 * OUT. */
char *units_format_duration_beside(uint64_t ns, uint64_t limit_ns, char out[UNITS_SIZE]);

#endif
