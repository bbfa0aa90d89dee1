#include "wsload/report/exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "screen.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* More of a message is not looked at: three lines show less. */
#define SHOWN_MAX ((size_t)1000)

static const char *const marks[] = {
    [SAID_OPENED] = "* open", [SAID_STEP] = "> ",   [SAID_PROMPT] = "> ",
    [SAID_MESSAGE] = "< ",    [SAID_CLOSED] = "* ",
};

/* In whole milliseconds, of the first ten with a decimal. */
static void print_time(struct screen *screen, const struct said *said, uint64_t zero_ns)
{
    double ms = (double)(int64_t)(said->at_ns - zero_ns) / (double)NS_PER_MS;
    screen_print(screen, "%9.*f ms  ", fabs(ms) < 9.95 && ms != 0 ? 1 : 0, ms);
}

static void print_text(struct screen *screen, struct text text, size_t lines)
{
    char shown[SHOWN_MAX + 1];
    text.length = u64_min(text.length, SHOWN_MAX);
    snprintf(shown, sizeof(shown), "%.*s", TEXT_ARGS(text));
    screen_wrap(screen, lines, shown);
}

void exchange_print(struct buffer *out, const struct said *said, uint64_t zero_ns, size_t lines)
{
    struct screen screen = {.out = out};
    print_time(&screen, said, zero_ns);
    screen_print(&screen, "%s", marks[said->kind]);
    if (said->binary)
        screen_print(&screen, "%zu bytes of binary data", said->length);
    else
        print_text(&screen, said_text(said), lines);
    screen_break(&screen);
}
