/* Figures as people read them: three significant digits, a unit that fits, grouped thousands. */
#ifndef WSLOAD_REPORT_FIGURES_H
#define WSLOAD_REPORT_FIGURES_H

#include <stdint.h>

#include "wsload/judge/verdict.h"

#define FIGURE_SIZE 48

/* Room for one figure, also of base/units.h, until the end of the block that it stands in. */
#define SCRATCH ((char[FIGURE_SIZE]){""})

struct figure {
    char number[FIGURE_SIZE];
    const char *unit; /* "ms"; "" when the number says all */
};

struct time_unit {
    const char *name;
    double ns;
};

/* The unit, us, ms or s, in which NS reads best. */
const struct time_unit *figure_time_unit(double ns);

/* Digits after the point that make three significant ones, at most 3. */
int figure_decimals(double value);

/* VALUE, not negative, with DECIMALS digits after the point: "12,345.6". Returns OUT. */
char *figure_number(double value, int decimals, char out[FIGURE_SIZE]);

/* What a noun takes after COUNT: "" or "s". */
const char *figure_plural(uint64_t count);

/* VALUE, not negative, with as few digits after the point as it takes, at most 6: "500", "0.5", as
 * what was asked for is repeated. Returns OUT. */
char *figure_exact(double value, char out[FIGURE_SIZE]);

/* An amount of money, not negative: cents, and below ten of them as many digits as make two
 * significant ones, at most 6: "$12.40", "$0.0021". Returns OUT. */
char *figure_usd(double usd, char out[FIGURE_SIZE]);

/* A price as it was given, at least to the cent: "$1.00", "$0.8125". Returns OUT. */
char *figure_price(double usd, char out[FIGURE_SIZE]);

/* NS, in whole us, as it is typed: "30s", "1m30s", "500ms". Returns OUT. */
char *figure_typed_duration(uint64_t ns, char out[FIGURE_SIZE]);

/* The limit of THRESHOLD as it was asked for: "500 ms", "99.95 %". */
struct figure figure_limit(const struct threshold *threshold);

/* The actual value, with as many digits as it takes to stand on its side of the limit and of 0:
 * 500.4 ms is not 500 ms when 500 ms was asked. A percentage is rounded down: 100 % is all. Ask
 * only when there is one. */
struct figure figure_actual(const struct judgement *judgement);

/* VALUE, not negative, beside a limit: with as many digits as show on which side it is. Returns
 * OUT. */
char *figure_beside(double value, double limit, char out[FIGURE_SIZE]);

#endif
