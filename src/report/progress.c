#include "wsload/report/progress.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"
#include "wsload/report/console.h"

/* A guess of more than 1,000 hours says nothing. */
#define LONGEST_WAIT_S 3600000.0

#define BAR_CELLS     20
#define BAR_LEAST     6
#define WORTH_LEAST   1   /* of a field */
#define FIELD_SIZE    96  /* the bar's cells take 3 bytes each */
#define COLUMNS_MAX   100 /* wider terminals leave the rest empty */
#define COLUMNS_GUESS 80  /* when the terminal does not tell */
#define GAP_COLUMNS   3   /* between two fields */
#define FIELDS_MAX    11
#define QUIET_NS      NS_PER_S /* without a reply from then on is worth saying */
#define TIME_SIZE     40
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
    bool bar;        /* drawn at last, in the room that there is */
};

struct line {
    struct field fields[FIELDS_MAX];
    size_t count;
    double done; /* for the bar, from 0 to 1 */
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
    field->bar = false;
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
    add_field(line, worth, "%s", "");
    line->fields[line->count - 1].bar = true;
    line->done = done;
}

/* Of up to SPARE cells more than the least. Returns how many. */
static size_t draw_bar(struct field *field, double done, size_t spare)
{
    size_t more = u64_min(spare, BAR_CELLS - BAR_LEAST);
    field->columns += more;
    size_t eighths = (size_t)(done * (double)field->columns * 8);
    for (size_t cell = 0; cell < field->columns; cell++) {
        size_t filled = eighths > cell * 8 ? eighths - cell * 8 : 0;
        char *out = stpcpy(&field->text[3 * cell], filled >= 8  ? FULL_BLOCK
                                                   : filled > 0 ? EIGHTHS_BLOCK
                                                                : SHADED_BLOCK);
        if (filled > 0 && filled < 8)
            *out = (char)(0x90 - filled);
    }
    return more;
}

/* Rounded down: 100 % is the very end. 0.29 * 100 may be a little less than 29. */
static void add_percent(struct line *line, unsigned worth, double done)
{
    add_field(line, worth, "%u %%", (unsigned)(done * 100 + 1e-9));
}

/* "no reply for 3 s": a freeze, or a slow backend. */
static void add_quiet(struct line *line, unsigned worth, const struct snapshot *now)
{
    if (now->quiet_ns > QUIET_NS)
        add_field(line, worth, "no reply for %s",
                  units_format_duration(now->quiet_ns / NS_PER_S * NS_PER_S, SCRATCH));
}

/* --- The line of each phase; the worth says what goes last --- */

static void describe_warmup(struct line *line, const struct snapshot *now)
{
    add_field(line, 5, "warm-up");
    add_percent(line, 4, share(now->elapsed_ns, now->duration_ns));
    add_count_if_any(line, 1, now->in_flight, "in flight");
    add_count_if_any(line, 2, now->queued, "queued");
    add_count_if_any(line, 3, now->skipped, "skipped");
    add_quiet(line, 3, now);
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
        add_bar(line, 8, done);
    add_percent(line, 12, done);
    if (now->planned > 0 || now->done > 0 || now->in_flight > 0 || now->queued > 0) {
        add_part(line, 11, now->done, now->planned, ""); /* with --hold there are none */
        add_rate(line, 6, recent_rate(progress, now, now->done, progress->last.done));
        add_count(line, 10, now->failed, "failed");
        add_quiet(line, 9, now);
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
        add_quiet(line, 3, now);
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

/* The field of least worth. */
static size_t least_worth(const struct line *line)
{
    size_t least = 0;
    for (size_t i = 1; i < line->count; i++)
        if (line->fields[i].worth < line->fields[least].worth)
            least = i;
    return least;
}

/* Drops fields of up to WORTH, the least first, until the line has less than COLUMNS. */
static void drop(struct line *line, unsigned worth, size_t columns)
{
    while (line->count > 0 && line_columns(line) >= columns) {
        size_t least = least_worth(line);
        if (line->fields[least].worth > worth)
            break;
        line->count--;
        memmove(&line->fields[least], &line->fields[least + 1],
                (line->count - least) * sizeof(line->fields[0]));
    }
}

static void size_bar(struct line *line, size_t cells)
{
    for (size_t i = 0; i < line->count; i++)
        if (line->fields[i].bar)
            line->fields[i].columns = cells;
}

/* What is worth least goes before the bar gets shorter, and the rest after. */
static void fit(struct line *line, size_t columns)
{
    size_bar(line, BAR_CELLS);
    drop(line, WORTH_LEAST, columns);
    size_bar(line, BAR_LEAST);
    drop(line, UINT_MAX, columns);
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
static int append_bar(struct buffer *out, struct line *line, unsigned terminal_columns)
{
    size_t columns = u64_min(terminal_columns ? terminal_columns : COLUMNS_GUESS, COLUMNS_MAX);
    fit(line, columns);
    size_t spare = columns - 1 - line_columns(line);
    for (size_t i = 0; i < line->count; i++)
        if (line->fields[i].bar)
            spare -= draw_bar(&line->fields[i], line->done, spare);
    if (buffer_append(out, "\r", 1) || append_line(out, line, spare))
        return -1;
    return buffer_append(out, ERASE_TO_END, strlen(ERASE_TO_END));
}

void progress_init(struct progress *progress, enum progress_mode mode)
{
    *progress = (struct progress){.mode = mode};
}

/* "2026-11-30 13:33:20 +0100   ", or the time of day alone. */
static int append_time(struct buffer *out, time_t time, bool whole)
{
    static const size_t day_length = sizeof("2026-11-30 ") - 1;
    static const int time_length = sizeof("13:33:20") - 1;
    char text[TIME_SIZE] = "";
    struct tm local;
    if (localtime_r(&time, &local))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &local);
    if (whole || strlen(text) < day_length)
        return buffer_printf(out, "%s   ", text);
    return buffer_printf(out, "%.*s   ", time_length, text + day_length);
}

int progress_begin(const struct progress *progress, const struct load *load, time_t time,
                   struct buffer *out)
{
    if (progress->mode != PROGRESS_PLAIN)
        return 0;
    return append_time(out, time, true) || report_headline(load, out) ? -1 : 0;
}

int progress_draw(struct progress *progress, const struct snapshot *now,
                  const struct progress_view *view, struct buffer *out)
{
    struct line line;
    if (progress->mode == PROGRESS_NONE)
        return 0;
    describe(&line, progress, now);
    progress->last = *now;
    if (progress->mode == PROGRESS_BAR) {
        progress->drawn = true;
        return append_bar(out, &line, view->columns);
    }
    if (append_time(out, view->time, false) || append_line(out, &line, 0))
        return -1;
    return buffer_append(out, "\n", 1);
}

int progress_say(struct progress *progress, const char *what, unsigned columns, struct buffer *out)
{
    if (progress->mode != PROGRESS_BAR)
        return 0;
    progress->drawn = true;
    return buffer_printf(out, "\r%.*s" ERASE_TO_END, (int)(columns ? columns - 1 : COLUMNS_GUESS),
                         what);
}

int progress_clear(struct progress *progress, struct buffer *out)
{
    if (!progress->drawn)
        return 0;
    progress->drawn = false;
    return buffer_append(out, "\r" ERASE_TO_END, strlen("\r" ERASE_TO_END));
}
