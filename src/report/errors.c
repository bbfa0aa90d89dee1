#include "errors.h"

#include <stdio.h>
#include <string.h>

#include "wsload/base/units.h"
#include "wsload/protocol/json_scan.h"

#define CLASSES_SHOWN    12 /* more would push the rest off the screen */
#define DESCRIPTION_SIZE (FAILURE_DETAIL_SIZE + 256)
#define REFUSAL_LINES    3
#define EXAMPLE          "e.g. "

/* Columns that the longest of the counts and of the kinds shown take. */
struct widths {
    size_t count;
    size_t kind;
};

static struct widths measure(const struct failures *failures)
{
    struct widths widths = {0};
    for (size_t i = 0; i < failures->count && i < CLASSES_SHOWN; i++) {
        const struct failure_class *class = &failures->classes[i];
        char count[UNITS_SIZE];
        size_t count_length = strlen(units_format_count(class->count, count));
        size_t kind_length = strlen(failure_name(class->kind));
        widths.count = count_length > widths.count ? count_length : widths.count;
        widths.kind = kind_length > widths.kind ? kind_length : widths.kind;
    }
    return widths;
}

/* API Gateway says so of integrations, whose replies may come all the same. */
static bool reply_went_on(const struct failure_class *class)
{
    return class->kind == FAILURE_GATEWAY_ERROR && class->requests < class->count &&
           strcmp(class->detail, "Endpoint request timed out") == 0;
}

/* "429: account quota, ..."; what API Gateway said is quoted. */
static const char *describe(const struct failure_class *class, char out[DESCRIPTION_SIZE])
{
    const char *quote = class->kind == FAILURE_GATEWAY_ERROR ? "\"" : "";
    const char *hint = reply_went_on(class) ? "the reply went on"
                                            : failure_hint(class->kind, class->detail);
    if (class->detail[0] == '\0')
        snprintf(out, DESCRIPTION_SIZE, "%s", hint);
    else
        snprintf(out, DESCRIPTION_SIZE, "%s%s%s: %s", quote, class->detail, quote, hint);
    return out;
}

/* Whether FRAME has the text NAME. */
static bool find_text(struct text frame, const char *name, struct text *found)
{
    struct json_members members = {.document = frame};
    struct json_value value;
    struct text known;
    while (json_members_next(&members, &known, &value)) {
        if (value.kind != JSON_STRING || !text_equal(known, text_of(name)))
            continue;
        *found = value.raw;
        return true;
    }
    return false;
}

/* Of API Gateway's error frames what its logs can be searched for, and AWS asks for: "requestId
 * Qyi3UG41tjMFlUg=   connectionId Qyi07eCbtjMCJKw=". Whether FRAME has any of it. */
static bool put_gateway_ids(struct screen *screen, struct text frame)
{
    static const char *const names[] = {"requestId", "connectionId", "messageId"};
    size_t indent = screen->column + strlen(EXAMPLE);
    struct text id;
    bool any = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!find_text(frame, names[i], &id))
            continue;
        if (!any)
            screen_print(screen, EXAMPLE);
        screen_item(screen, indent, "%s %.*s", names[i], (int)id.length, id.data);
        any = true;
    }
    return any;
}

/* A refused handshake's headers have the ids that AWS asks for, behind others. */
static void put_example(struct screen *screen, size_t indent, const struct failure_class *class)
{
    char text[sizeof(EXAMPLE) + sizeof(class->example)];
    size_t lines = class->kind == FAILURE_HANDSHAKE_STATUS ? REFUSAL_LINES : 1;
    if (class->example[0] == '\0')
        return;
    screen_pad(screen, indent);
    snprintf(text, sizeof(text), EXAMPLE "%s", class->example);
    if (class->kind != FAILURE_GATEWAY_ERROR || !put_gateway_ids(screen, text_of(class->example)))
        screen_wrap(screen, lines, text);
    screen_break(screen);
}

static void put_class(struct screen *screen, const struct failure_class *class,
                      const struct widths *widths)
{
    char count[UNITS_SIZE];
    char description[DESCRIPTION_SIZE];
    size_t kind_start = SCREEN_LABEL + widths->count + 3;
    units_format_count(class->count, count);
    screen_pad(screen, SCREEN_LABEL + widths->count - strlen(count));
    screen_print(screen, "%s   ", count);
    screen_word(screen, SCREEN_RED, failure_name(class->kind));
    screen_pad(screen, kind_start + widths->kind + 3);
    screen_words(screen, describe(class, description));
    screen_break(screen);
    put_example(screen, kind_start, class);
}

void errors_print(struct screen *screen, const struct failures *failures)
{
    struct widths widths = measure(failures);
    if (failures->count == 0)
        return;
    screen_break(screen);
    screen_print(screen, "errors");
    for (size_t i = 0; i < failures->count && i < CLASSES_SHOWN; i++)
        put_class(screen, &failures->classes[i], &widths);
    if (failures->count > CLASSES_SHOWN) {
        screen_pad(screen, SCREEN_LABEL);
        screen_print(screen, "and %zu more", failures->count - CLASSES_SHOWN);
        screen_break(screen);
    }
}
