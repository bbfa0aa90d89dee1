/* Makes and reads histograms with wsload's own code, for test_histograms.py. Each line of standard
 * input is a verb and what it is about:
 *
 *   record VALUE COUNT    counts the value so many times
 *   decode BASE64         replaces the histogram; prints its count, or "error: " and why not
 *   encode                prints the histogram in base64, and forgets it
 *   percentile PERCENT    prints the value
 *   row COUNTS            adds a row to the timeline: what timeline_counts_parse() takes
 *   hlog UNIX_S           prints the timeline as a log, and forgets it */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/report/hdr.h"
#include "wsload/stats/timeline.h"

#define OUTPUT_MAX (64 * 1024 * 1024)

static struct histogram histogram;
static struct measurement measurement;
static struct buffer out;
static struct error error;

static int record(const char *argument)
{
    char *count;
    uint64_t value = strtoull(argument, &count, 10);
    histogram_record_many(&histogram, value, strtoull(count, NULL, 10));
    return 0;
}

static int decode(const char *argument)
{
    if (histogram_base64_read(text_of(argument), &histogram, &error))
        return buffer_printf(&out, "error: %s\n", error.text);
    return buffer_printf(&out, "%" PRIu64 "\n", histogram.count);
}

static int encode(const char *argument)
{
    (void)argument;
    int result = histogram_base64_write(&histogram, &out);
    histogram_init(&histogram);
    return result ? -1 : buffer_append(&out, "\n", 1);
}

static int percentile(const char *argument)
{
    uint64_t value = histogram_percentile(&histogram, strtod(argument, NULL));
    return buffer_printf(&out, "%" PRIu64 "\n", value);
}

static int add_row(const char *argument)
{
    struct timeline *timeline = &measurement.timeline;
    struct timeline_row *row = &timeline->rows[timeline->count++];
    memset(row, 0, sizeof(*row));
    return timeline_counts_parse(text_of(argument), row, &error);
}

static int render(const char *argument)
{
    measurement.timeline.first = strtoull(argument, NULL, 10);
    int result = hlog_write(&measurement, NULL, &out);
    measurement.timeline.count = 0;
    return result;
}

static int perform(const char *line)
{
    static const struct {
        const char *name;
        int (*perform)(const char *argument);
    } verbs[] = {{"record ", record},         {"decode ", decode}, {"encode", encode},
                 {"percentile ", percentile}, {"row ", add_row},   {"hlog ", render}};
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (text_begins(text_of(line), verbs[i].name))
            return verbs[i].perform(line + strlen(verbs[i].name));
    }
    return -1;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int result = timeline_init(&measurement.timeline);
    histogram_init(&histogram);
    buffer_init(&out, OUTPUT_MAX);
    while (result == 0 && (length = getline(&line, &room, stdin)) > 0) {
        line[length - 1] = '\0'; /* the new line */
        result = perform(line);
    }
    fwrite(out.data, 1, out.length, stdout);
    free(line);
    buffer_free(&out);
    timeline_free(&measurement.timeline);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
