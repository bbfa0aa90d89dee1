/* Files of --setup: what parses keeps the promises of its types; each part of a text is whole, and
 * together they are the text. */
#include "fuzz.h"

#include "wsload/base/text.h"
#include "wsload/load/steps.h"

static void check_step(const struct step *step, const char *list)
{
    REQUIRE(strncmp(step->detail, list, strlen(list)) == 0);
    REQUIRE(step->sends || step->waits);
    REQUIRE(step->waits == (step->expect_text != NULL));
    REQUIRE(step->parted == ((step->message.variables & TEMPLATE_PART) != 0));
    REQUIRE(!step->parted || step->part_characters > 0);
    REQUIRE(step->parted || step->parts_of.parts == NULL);
    REQUIRE(!(step->parts_of.variables & (TEMPLATE_PART | TEMPLATE_PART_INDEX)));
}

static void check_list(const struct step_list *list, const char *name)
{
    REQUIRE(list->count <= STEPS_MAX);
    for (size_t i = 0; i < list->count; i++)
        check_step(&list->items[i], name);
}

static void check_connecting(const struct step_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        REQUIRE(!(list->items[i].message.variables &
                  (TEMPLATE_PROMPT | TEMPLATE_PROMPT_RAW | TEMPLATE_ID | TEMPLATE_SEQ |
                   TEMPLATE_PART | TEMPLATE_PART_INDEX)));
}

static void check_parts(struct text text, size_t characters)
{
    bool valid = utf8_valid(text);
    size_t at = 0;

    while (at < text.length) {
        struct text part = step_part(text, at, characters);

        REQUIRE(part.data == text.data + at && part.length > 0 && part.length <= 4 * characters);
        REQUIRE(!valid || utf8_valid(part));
        at += part.length;
    }
    REQUIRE(at == text.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"token"};
    const struct template_scope columns = {.columns = names, .column_count = 1};
    struct text text = {size > 0 ? (const char *)data : "", size};
    struct json_paths paths = {0};
    struct steps steps;
    struct error error = {""};

    if (steps_parse(&steps, text, &columns, &paths, &error) == 0) {
        check_list(&steps.on_connect, "on_connect");
        check_list(&steps.before_request, "before_request");
        check_connecting(&steps.on_connect);
    } else {
        REQUIRE(error.text[0] != '\0');
        REQUIRE(steps.on_connect.count == 0 && steps.before_request.count == 0);
    }
    steps_free(&steps);
    json_paths_free(&paths);
    check_parts(text, 1);
    check_parts(text, 3);
    return 0;
}
