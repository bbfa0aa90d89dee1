#include "wsload/report/exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "screen.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"
#include "wsload/base/units.h"

/* More of a message is not looked at: three lines show less. */
#define SHOWN_MAX ((size_t)1000)

static const char *const marks[] = {
    [SAID_OPENED] = "* open", [SAID_STEP] = "> ",   [SAID_PROMPT] = "> ",
    [SAID_MESSAGE] = "< ",    [SAID_CLOSED] = "* ",
};

static struct screen screen_of(const struct exchange_page *page)
{
    return (struct screen){.out = page->out, .columns = screen_layout(page->columns)};
}

/* In whole milliseconds, of the first ten with a decimal. */
static void print_time(struct screen *screen, const struct said *said, uint64_t zero_ns)
{
    double ms = (double)(int64_t)(said->at_ns - zero_ns) / (double)NS_PER_MS;
    screen_print(screen, "%9.*f ms  ", fabs(ms) < 9.95 && ms != 0 ? 1 : 0, ms);
}

static void print_text(struct screen *screen, struct text text, size_t lines)
{
    text.length = u64_min(text.length, SHOWN_MAX);
    screen_wrap(screen, lines, text);
}

void exchange_print(const struct exchange_page *page, const struct said *said, uint64_t zero_ns,
                    size_t lines)
{
    struct screen screen = screen_of(page);
    print_time(&screen, said, zero_ns);
    screen_print(&screen, "%s", marks[said->kind]);
    if (said->binary)
        screen_print(&screen, "%zu byte%s of binary data", said->length,
                     said->length == 1 ? "" : "s");
    else
        print_text(&screen, said_text(said), lines);
    screen_break(&screen);
}

void exchange_print_finding(const struct exchange_page *page, const char *label, const char *text,
                            const char *option, const char *value)
{
    struct screen screen = screen_of(page);
    screen_print(&screen, "  %s", label);
    screen_pad(&screen, 2 + SCREEN_LABEL);
    screen_wrap(&screen, 3, text_of(text));
    screen_break(&screen);
    if (!option)
        return;
    screen_pad(&screen, 2 + SCREEN_LABEL);
    screen_print(&screen, "%s ", option);
    if (value[0])
        (void)buffer_append_quoted(page->out, text_of(value));
    screen_break(&screen);
}

/* --- The opening --- */

void exchange_print_opening(const struct exchange_page *page, const char *url, const char *address,
                            const char *tls)
{
    struct screen screen = screen_of(page);
    screen_print(&screen, "%s", url);
    screen_item(&screen, 2, "%s", address);
    if (tls[0])
        screen_item(&screen, 2, "%s", tls);
    screen_break(&screen);
}

/* Every answer to an upgrade has them, and they say nothing more. */
static bool is_of_upgrade(struct text line)
{
    static const char *const names[] = {"upgrade", "connection", "sec-websocket-accept", "date",
                                        "keep-alive"};
    struct text name = text_cut(&line, ':');
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (text_is_word(name, names[i]))
            return true;
    return false;
}

void exchange_print_answer(const struct exchange_page *page, const char *answer, uint64_t took_ns)
{
    char took[UNITS_SIZE];
    struct screen screen = screen_of(page);
    struct text rest = text_of(answer);
    struct text status = text_trim(text_cut(&rest, '\n'));
    (void)text_cut(&status, ' ');
    screen_print(&screen, "  %.*s in %s", TEXT_ARGS(status), units_format_duration(took_ns, took));
    screen_break(&screen);
    while (rest.length > 0) {
        struct text line = text_trim(text_cut(&rest, '\n'));
        if (line.length == 0)
            return;
        if (is_of_upgrade(line))
            continue;
        screen_pad(&screen, 2);
        screen_wrap(&screen, 3, line);
        screen_break(&screen);
    }
}
