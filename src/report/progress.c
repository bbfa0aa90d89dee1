#include "wsload/report/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

/* A guess of more than 1,000 hours says nothing. */
#define LONGEST_WAIT_S 3600000.0

#define BAR_CELLS     20
#define FIELD_SIZE    96  /* the bar's cells take 3 bytes each */
#define COLUMNS_MAX   100 /* wider terminals leave the rest empty */
#define COLUMNS_GUESS 80  /* when the terminal does not tell */
#define GAP_COLUMNS   3   /* between two fields */
#define FIELDS_MAX    10
#define ERASE_TO_END  "\x1b[K"
#define FULL_BLOCK    "\xE2\x96\x88" /* U+2588 */
#define SHADED_BLOCK  "\xE2\x96\x91" /* U+2591 */
#define EIGHTHS_BLOCK "\xE2\x96"     /* U+2589 (7/8) to U+258F (1/8) with a third byte */

/* A part of the line. Narrow terminals show those of the most worth. */
struct field {
    char text[FIELD_SIZE];
    size_t columns;
    unsigned worth;
    bool at_the_end; /* set against the right margin */
};

struct line {
    struct field fields[FIELDS_MAX];
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void add_field(struct line *line, unsigned worth,
                                                            const char *format, ...)
{
    struct field *field = &line->fields[line->count++];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(field->text, sizeof(field->text), format, arguments);
    va_end(arguments);
    field->columns = strlen(field->text);
    field->worth = worth;
    field->at_the_end = false;
}

static double per_second(uint64_t count, uint64_t ns)
{
    return ns > 0 ? (double)count / clock_seconds(ns) : 0;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? fmin((double)part / (double)whole, 1) : 0;
}

/* Seconds until DONE of ALL have gone on to ALL at the rate so far; INFINITY: nobody knows. */
static double seconds_left(uint64_t done, uint64_t all, uint64_t elapsed_ns)
{
    if (done == 0 || all < done)
        return (double)INFINITY;
    return (double)(all - done) / (double)done * clock_seconds(elapsed_ns);
}

/* Events per second since the last snapshot, or in all when that was of another phase. */
static double recent_rate(const struct progress *progress, const struct snapshot *now,
                          uint64_t count, uint64_t last_count)
{
    const struct snapshot *last = &progress->last;
    bool comparable = last->phase == now->phase && last->elapsed_ns < now->elapsed_ns &&
                      last_count <= count;
    if (!comparable)
        return per_second(count, now->elapsed_ns);
    return per_second(count - last_count, now->elapsed_ns - last->elapsed_ns);
}

/* --- Fields --- */

static void add_count(struct line *line, unsigned worth, uint64_t count, const char *what)
{
    add_field(line, worth, "%s %s", units_format_count(count, SCRATCH), what);
}

static void add_count_if_any(struct line *line, unsigned worth, uint64_t count, const char *what)
{
    if (count > 0)
        add_count(line, worth, count, what);
}

/* "312/1,000 connections", "1,220/2,000", or "1,220 done" when there is no end to the count. */
static void add_part(struct line *line, unsigned worth, uint64_t part, uint64_t whole,
                     const char *what)
{
    if (whole == 0)
        add_count(line, worth, part, "done");
    else
        add_field(line, worth, "%s/%s%s", units_format_count(part, SCRATCH),
                  units_format_count(whole, SCRATCH), what);
}

static void add_rate(struct line *line, unsigned worth, double rate)
{
    add_field(line, worth, "%s/s", units_format_number(rate, SCRATCH));
}

/* Tenths of a second are worth seeing in the last ten. */
static void add_time_left(struct line *line, unsigned worth, double seconds)
{
    if (seconds > LONGEST_WAIT_S)
        return;
    if (seconds < 9.95)
        add_field(line, worth, "%.1f s left", seconds);
    else
        add_field(line, worth, "%s left",
                  units_format_duration((uint64_t)(seconds + 0.5) * NS_PER_S, SCRATCH));
    line->fields[line->count - 1].at_the_end = true;
}

static void add_bar(struct line *line, unsigned worth, double done)
{
    unsigned eighths = (unsigned)(done * BAR_CELLS * 8);
    add_field(line, worth, "%s", "");
    struct field *field = &line->fields[line->count - 1];
    field->columns = BAR_CELLS;
    for (unsigned cell = 0; cell < BAR_CELLS; cell++) {
        unsigned filled = eighths > cell * 8 ? eighths - cell * 8 : 0;
        char *out = stpcpy(&field->text[3 * cell], filled >= 8  ? FULL_BLOCK
                                                   : filled > 0 ? EIGHTHS_BLOCK
                                                                : SHADED_BLOCK);
        if (filled > 0 && filled < 8)
            *out = (char)(0x90 - filled);
    }
}

/* Rounded down: 100 % is the very end. 0.29 * 100 may be a little less than 29. */
static void add_percent(struct line *line, unsigned worth, double done)
{
    add_field(line, worth, "%u %%", (unsigned)(done * 100 + 1e-9));
}

/* --- The line of each phase; the worth says what goes last --- */

static void describe_warmup(struct line *line, const struct snapshot *now)
{
    add_field(line, 5, "warm-up");
    add_percent(line, 4, share(now->elapsed_ns, now->duration_ns));
    add_count_if_any(line, 1, now->in_flight, "in flight");
    add_count_if_any(line, 2, now->queued, "queued");
    add_count_if_any(line, 3, now->skipped, "skipped");
    add_count(line, 1, now->open, "open");
    add_time_left(line, 4, seconds_left(now->elapsed_ns, now->duration_ns, now->elapsed_ns));
}

static void describe_running(struct line *line, const struct progress *progress,
                             const struct snapshot *now)
{
    /* by requests or by time, whichever is further */
    double done = fmax(share(now->done, now->planned), share(now->elapsed_ns, now->duration_ns));
    double left_s = fmin(seconds_left(now->done, now->planned, now->elapsed_ns),
                         seconds_left(now->elapsed_ns, now->duration_ns, now->elapsed_ns));
    if (progress->mode == PROGRESS_BAR)
        add_bar(line, 2, done);
    add_percent(line, 10, done);
    if (now->planned > 0 || now->done > 0 || now->in_flight > 0 || now->queued > 0) {
        add_part(line, 9, now->done, now->planned, ""); /* with --hold there are none */
        add_rate(line, 6, recent_rate(progress, now, now->done, progress->last.done));
        add_count(line, 8, now->failed, "failed");
        add_count_if_any(line, 7, now->skipped, "skipped");
        add_count_if_any(line, 4, now->queued, "queued");
    }
    if (now->recent_p95_ns > 0)
        add_field(line, 3, "p95 %s", units_format_duration(now->recent_p95_ns, SCRATCH));
    add_count(line, 1, now->open, "open");
    add_time_left(line, 5, left_s);
}

static void describe(struct line *line, const struct progress *progress, const struct snapshot *now)
{
    *line = (struct line){0};
    switch (now->phase) {
    case PHASE_OPENING:
        add_field(line, 5, "opening");
        add_part(line, 4, now->open, now->connections, " connections");
        add_rate(line, 1, recent_rate(progress, now, now->open, progress->last.open));
        add_count(line, 3, now->open_failed, "failed");
        add_time_left(line, 2, seconds_left(now->open, now->connections, now->elapsed_ns));
        break;
    case PHASE_WARMUP:
        describe_warmup(line, now);
        break;
    case PHASE_RUNNING:
        describe_running(line, progress, now);
        break;
    case PHASE_DRAINING:
        add_field(line, 4, "waiting");
        add_count(line, 3, now->in_flight,
                  now->in_flight == 1 ? "reply to come" : "replies to come");
        add_part(line, 2, now->done, now->planned, "");
        add_count(line, 1, now->failed, "failed");
        break;
    case PHASE_LISTENING:
        add_field(line, 2, "listening");
        add_count(line, 1, now->open, "open");
        break;
    case PHASE_CLOSING:
        add_field(line, 2, "closing");
        add_count(line, 1, now->open, "open");
        break;
    }
}

/* --- Fitting and writing --- */

static size_t line_columns(const struct line *line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line->count; i++)
        columns += line->fields[i].columns + (i > 0 ? GAP_COLUMNS : 0);
    return columns;
}

static void drop_least(struct line *line)
{
    size_t least = 0;
    for (size_t i = 1; i < line->count; i++)
        if (line->fields[i].worth < line->fields[least].worth)
            least = i;
    line->count--;
    memmove(&line->fields[least], &line->fields[least + 1],
            (line->count - least) * sizeof(line->fields[0]));
}

/* FILL: columns that are left before what stands at the end. */
static int append_line(struct buffer *out, const struct line *line, size_t fill)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct field *field = &line->fields[i];
        size_t gap = i == 0 ? 0 : GAP_COLUMNS + (field->at_the_end ? fill : 0);
        if (buffer_printf(out, "%*s%s", (int)gap, "", field->text))
            return -1;
    }
    return 0;
}

/* The last column stays free: a character there makes some terminals wrap. */
static int append_bar(struct buffer *out, struct line *line, size_t terminal_columns)
{
    size_t columns = u64_min(terminal_columns, COLUMNS_MAX);
    while (line->count > 0 && line_columns(line) >= columns)
        drop_least(line);
    if (buffer_append(out, "\r", 1) || append_line(out, line, columns - 1 - line_columns(line)))
        return -1;
    return buffer_append(out, ERASE_TO_END, strlen(ERASE_TO_END));
}

void progress_init(struct progress *progress, enum progress_mode mode, unsigned columns)
{
    *progress = (struct progress){.mode = mode, .columns = columns > 0 ? columns : COLUMNS_GUESS};
}

int progress_draw(struct progress *progress, const struct snapshot *now, struct buffer *out)
{
    struct line line;
    if (progress->mode == PROGRESS_NONE)
        return 0;
    describe(&line, progress, now);
    progress->last = *now;
    if (progress->mode == PROGRESS_PLAIN)
        return append_line(out, &line, 0) ? -1 : buffer_append(out, "\n", 1);
    progress->drawn = true;
    return append_bar(out, &line, progress->columns);
}

int progress_clear(struct progress *progress, struct buffer *out)
{
    if (!progress->drawn)
        return 0;
    progress->drawn = false;
    return buffer_append(out, "\r" ERASE_TO_END, strlen("\r" ERASE_TO_END));
}
