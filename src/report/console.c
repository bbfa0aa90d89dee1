#include "wsload/report/console.h"

#include <stdio.h>

#include "counts.h"
#include "errors.h"
#include "headline.h"
#include "timings.h"
#include "wsload/base/units.h"
#include "wsload/report/screen.h"
#include "wsload/report/verdict.h"

static void put_verdict_line(struct screen *screen, const struct results *results)
{
    char code[UNITS_SIZE];
    verdict_print(screen, results);
    int length = snprintf(code, sizeof(code), "exit %d", (int)results->exit_code);
    screen_pad(screen, screen->column + 3);
    screen_pad(screen, SCREEN_COLUMNS - (size_t)length);
    screen_print(screen, "%s", code);
    screen_break(screen);
}

int report_verdict(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    verdict_print(&screen, results);
    return screen.failed ? -1 : 0;
}

static void put_judgement(struct screen *screen, const struct results *results)
{
    put_verdict_line(screen, results);
    if (results->trust.grade != TRUST_VALID)
        verdict_print_doubts(screen, &results->trust);
    if (results->thresholds.count > 0) {
        screen_break(screen);
        verdict_print_thresholds(screen, &results->thresholds);
    }
}

int report_console(const struct results *results, const struct console_style *style,
                   struct buffer *out)
{
    struct screen screen = {.out = out, .color = style->color};
    headline_print(&screen, &results->setup);
    screen_break(&screen);
    put_judgement(&screen, results);
    errors_print(&screen, &results->recorded.failures);
    counts_print(&screen, results);
    timings_print(&screen, results);
    if (style->summary_path != NULL) {
        screen_break(&screen);
        screen_print(&screen, "summary: %s", style->summary_path);
        screen_break(&screen);
    }
    return screen.failed ? -1 : 0;
}
