#include "wsload/load/stages.h"

#include <math.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/units.h"

/* Longest duration that anyone would type, with its NUL. */
#define DURATION_TEXT_SIZE 64

/* More than the error of a double within a day, less than any clock sees. Without it a time that is
 * a whole number of ns would be rounded up to the next one. */
#define ROUNDING_NS 0.01

/* A straight line: a stage with the level that it begins at, or the level of no stages for ever. */
struct line {
    double from;
    double to;
    uint64_t duration_ns;
};

int stage_parse(const char *text, struct stage *stage, struct error *error)
{
    size_t length = strcspn(text, ":");
    char duration[DURATION_TEXT_SIZE];
    if (text[length] != ':' || length >= sizeof(duration))
        return error_set(error, "not DURATION:TARGET; use a time and a level, as in 30s:500");
    memcpy(duration, text, length);
    duration[length] = '\0';
    if (units_parse_duration(duration, &stage->duration_ns, error))
        return error_prefix(error, "duration");
    if (units_parse_rate(text + length + 1, &stage->target, error))
        return error_prefix(error, "target");
    return 0;
}

static size_t line_count(const struct stages *stages)
{
    return stages->count == 0 ? 1 : stages->count;
}

static struct line line_of(const struct stages *stages, size_t index)
{
    if (stages->count == 0)
        return (struct line){stages->start, stages->start, CLOCK_NEVER};
    return (struct line){
        .from = index == 0 ? stages->start : stages->items[index - 1].target,
        .to = stages->items[index].target,
        .duration_ns = stages->items[index].duration_ns,
    };
}

/* The level of LINE after ELAPSED_NS, less than its duration. Each step rounds, but none of them
 * ever makes more time less level on a rising line, or the reverse on a falling one. */
static double line_level(const struct line *line, uint64_t elapsed_ns)
{
    return line->from + (line->to - line->from) * ((double)elapsed_ns / (double)line->duration_ns);
}

/* The integral of LINE over its first ELAPSED_NS. Rounding makes no part more than the whole. */
static double line_total(const struct line *line, uint64_t elapsed_ns)
{
    double whole = clock_seconds(line->duration_ns) * (line->from + line->to) / 2;
    if (elapsed_ns >= line->duration_ns)
        return whole;
    return fmin(whole, clock_seconds(elapsed_ns) * (line->from + line_level(line, elapsed_ns)) / 2);
}

/* When the integral of LINE, from its beginning, reaches TOTAL, which it does. It is
 * from * t + slope * t^2 / 2; this form of its root also stands for a slope of 0. */
static uint64_t line_time_of_total(const struct line *line, double total)
{
    double slope = (line->to - line->from) / clock_seconds(line->duration_ns);
    double level = sqrt(fmax(0, line->from * line->from + 2 * slope * total));
    double ns = ceil(2 * total / (line->from + level) * (double)NS_PER_S - ROUNDING_NS);
    return ns < (double)line->duration_ns ? (uint64_t)ns : line->duration_ns;
}

uint64_t stages_duration_ns(const struct stages *stages)
{
    uint64_t duration_ns = 0;
    for (size_t i = 0; i < stages->count; i++)
        duration_ns += stages->items[i].duration_ns;
    return stages->count == 0 ? CLOCK_NEVER : duration_ns;
}

/* The level behind the last stage. */
static double last_level(const struct stages *stages)
{
    return stages->count == 0 ? stages->start : stages->items[stages->count - 1].target;
}

double stages_level(const struct stages *stages, uint64_t time_ns)
{
    for (size_t i = 0; i < line_count(stages); i++) {
        struct line line = line_of(stages, i);
        if (time_ns < line.duration_ns)
            return line_level(&line, time_ns);
        time_ns -= line.duration_ns;
    }
    return last_level(stages);
}

double stages_highest(const struct stages *stages)
{
    double highest = last_level(stages);
    for (size_t i = 0; i < line_count(stages); i++) {
        struct line line = line_of(stages, i);
        if (line.duration_ns > 0)
            highest = fmax(highest, fmax(line.from, line.to));
    }
    return highest;
}

double stages_total(const struct stages *stages, uint64_t time_ns)
{
    double total = 0;
    for (size_t i = 0; i < line_count(stages); i++) {
        struct line line = line_of(stages, i);
        total += line_total(&line, time_ns);
        if (time_ns <= line.duration_ns)
            break;
        time_ns -= line.duration_ns;
    }
    return total;
}

uint64_t stages_time_of_total(const struct stages *stages, double total)
{
    double before = 0;
    uint64_t start_ns = 0;
    if (total <= 0)
        return 0;
    for (size_t i = 0; i < line_count(stages); i++) {
        struct line line = line_of(stages, i);
        double behind = before + line_total(&line, line.duration_ns);
        if (total <= behind)
            return start_ns + line_time_of_total(&line, total - before);
        before = behind;
        start_ns += line.duration_ns;
    }
    return CLOCK_NEVER;
}

/* The first time in (LOW, HIGH] at which the whole part of the level is not WHOLE. It is WHOLE from
 * LOW to the beginning of the line that HIGH is in or ends, and within a line it changes for good.
 */
static uint64_t find_change(const struct stages *stages, double whole, uint64_t low, uint64_t high)
{
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (floor(stages_level(stages, middle)) == whole)
            low = middle;
        else
            high = middle;
    }
    return high;
}

uint64_t stages_next_change_ns(const struct stages *stages, uint64_t time_ns)
{
    double whole = floor(stages_level(stages, time_ns));
    uint64_t end_ns = 0;
    for (size_t i = 0; i < stages->count; i++) {
        end_ns += stages->items[i].duration_ns;
        if (end_ns <= time_ns)
            continue;
        /* The last moment of the line, then the first behind it: between them may be a jump. */
        for (uint64_t at = end_ns - 1; at <= end_ns; at++) {
            if (floor(stages_level(stages, at)) != whole)
                return find_change(stages, whole, time_ns, at);
        }
    }
    return CLOCK_NEVER;
}
