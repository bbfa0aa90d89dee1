#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/random.h"
#include "wsload/load/plan.h"
#include "wsload/protocol/json_text.h"

/* Whatever is rendered is no longer than its bound: random plans, with users and steps, rendered
 * into memory of just the size that the bounds say, so that a sanitizer sees what goes beyond. */

#define PLANS   300
#define ROWS    3
#define COLUMNS 2
#define PROMPTS 3
#define FIELDS  2

static const char *const names[COLUMNS] = {"name", "token"};
static const struct template_scope columns = {
    .variables = TEMPLATE_CLIENT_VARIABLES, .columns = names, .column_count = COLUMNS};

static const char *const field_names[FIELDS] = {"lang", "more"};

/* Characters of 1 to 4 bytes, some of which JSON escapes with up to 6, and a broken byte. */
static const char *const letters[] = {
    "a", "\"", "\\", "\x01", "\n", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF"};

static const char *const variables[] = {
    "{{lang}}", "{{more:raw}}",  "{{more}}",       "{{prompt}}", "{{prompt:raw}}", "{{id}}",
    "{{seq}}",  "{{timestamp}}", "{{connection}}", "{{name}}",   "{{token}}",      "{{name:raw}}"};

#define VARIABLES    ARRAY_LENGTH(variables)
#define OF_A_COLUMN  9  /* variables from here on may stand before the first prompt, too */
#define TEXT_LETTERS 40 /* at most, of a random text */

struct bounded {
    struct plan plan;
    struct template message;
    struct steps steps;
    struct users users;
    struct prompts prompts;
    struct prompt prompt_items[PROMPTS];
    struct template_column fields[PROMPTS * FIELDS];
    size_t places[FIELDS];
    struct template_column cells[ROWS * COLUMNS];
    struct buffer texts[2 * (PROMPTS + PROMPTS * FIELDS + ROWS * COLUMNS)];
    size_t text_count;
};

static struct text keep(struct bounded *bounded, struct buffer *buffer)
{
    bounded->texts[bounded->text_count++] = *buffer;
    return buffer_text(buffer);
}

/* A random text, as it is and escaped. */
static void invent(struct bounded *bounded, struct random *random, struct text *raw,
                   struct text *escaped)
{
    struct buffer plain;
    struct buffer json;
    buffer_init(&plain, 1000);
    buffer_init(&json, 6000);
    for (uint64_t left = random_between(random, 0, TEXT_LETTERS); left > 0; left--) {
        const char *letter = letters[random_between(random, 0, ARRAY_LENGTH(letters) - 1)];
        buffer_append(&plain, letter, strlen(letter));
    }
    *raw = keep(bounded, &plain);
    assert_int_equal(json_escape(&json, *raw), 0);
    *escaped = keep(bounded, &json);
}

/* A random template; of variables from FIRST on, and with PART in it if that is not empty. */
static void invent_template(struct random *random, size_t first, const char *part,
                            struct buffer *text)
{
    for (uint64_t left = random_between(random, 0, 4); left > 0; left--)
        buffer_printf(text, "%s-", variables[random_between(random, first, VARIABLES - 1)]);
    buffer_printf(text, "%s", part);
}

static void invent_steps(struct random *random, struct buffer *json)
{
    buffer_printf(json, "{\"on_connect\": [{\"send\": \"");
    invent_template(random, OF_A_COLUMN, "{{connection}}", json);
    buffer_printf(json, "\"}], \"before_request\": [{\"send\": \"");
    invent_template(random, 0, "", json);
    buffer_printf(json, "\"}, {\"send\": \"");
    invent_template(random, 0, "{{part}}:{{prompt:part}}{{prompt:part}}", json);
    buffer_printf(json, "\", \"parts_of\": \"");
    invent_template(random, 0, "", json);
    buffer_printf(json, "\", \"part_characters\": %u}]}", (unsigned)random_between(random, 1, 30));
}

static void make(struct bounded *bounded, struct random *random)
{
    struct error error;
    struct json_paths paths = {0};
    struct buffer text;
    struct template_scope scope = columns;
    *bounded = (struct bounded){.prompts = {.items = bounded->prompt_items,
                                            .count = PROMPTS,
                                            .cells = bounded->fields,
                                            .fields = {field_names, FIELDS, bounded->places, 0}}};
    scope.fields = &bounded->prompts.fields;
    for (size_t i = 0; i < PROMPTS; i++)
        invent(bounded, random, &bounded->prompt_items[i].text, &bounded->prompt_items[i].escaped);
    for (size_t i = 0; i < PROMPTS * FIELDS; i++)
        invent(bounded, random, &bounded->fields[i].text, &bounded->fields[i].escaped);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        invent(bounded, random, &bounded->cells[i].text, &bounded->cells[i].escaped);
    bounded->users = (struct users){.columns = COLUMNS, .rows = ROWS, .cells = bounded->cells};
    buffer_init(&text, 4000);
    invent_template(random, 0, "", &text);
    assert_int_equal(template_compile(&bounded->message, buffer_text(&text), &scope, &error), 0);
    buffer_clear(&text);
    invent_steps(random, &text);
    assert_int_equal(steps_parse(&bounded->steps, buffer_text(&text), &scope, &paths, &error), 0);
    json_paths_free(&paths);
    buffer_free(&text);
    bounded->plan = (struct plan){
        .prompts = &bounded->prompts,
        .message = &bounded->message,
        .steps = &bounded->steps,
        .users = &bounded->users,
        .load.workers = 1,
        .run_id = UINT32_MAX,
    };
}

static void release(struct bounded *bounded)
{
    template_free(&bounded->message);
    steps_free(&bounded->steps);
    for (size_t i = 0; i < bounded->text_count; i++)
        buffer_free(&bounded->texts[i]);
}

/* Memory for what is rendered. */
struct room {
    char *message;
    size_t longest;
    char *parted;
    size_t longest_parted;
};

static void check(const struct template *template, struct template_values *values,
                  const struct room *room)
{
    size_t length = plan_render(template, values, room->message);
    assert_true(length <= room->longest);
}

/* As the worker does it. */
static void check_parts(const struct step *step, struct template_values *values,
                        const struct room *room)
{
    struct text whole = {room->parted, plan_render(&step->parts_of, values, room->parted)};
    assert_true(whole.length <= room->longest_parted);
    for (size_t at = 0; at < whole.length;) {
        struct text part = step_part(whole, at, step->part_characters);
        struct buffer escaped;
        buffer_init(&escaped, 6 * whole.length);
        assert_int_equal(json_escape(&escaped, part), 0);
        values->part = buffer_text(&escaped);
        values->part_index = UINT64_MAX;
        check(&step->message, values, room);
        buffer_free(&escaped);
        at += part.length;
    }
}

static void check_request(const struct plan *plan, uint64_t connection, uint64_t seq,
                          const struct room *room)
{
    const struct step_list *steps = &plan->steps->before_request;
    struct template_values values = plan_request_values(plan, connection, seq);
    check(plan->message, &values, room);
    for (size_t i = 0; i < steps->count; i++) {
        if (steps->items[i].parted)
            check_parts(&steps->items[i], &values, room);
        else
            check(&steps->items[i].message, &values, room);
    }
    values = plan_connection_values(plan, connection);
    check(&plan->steps->on_connect.items[0].message, &values, room);
}

/* The first that is oversize is the first whose own message is longest with some user. */
static void check_oversize(const struct plan *plan)
{
    size_t bytes = 0;
    size_t all = plan_longest_message(plan);
    assert_null(plan_first_oversize(plan, all, &bytes));
    const struct prompt *found = plan_first_oversize(plan, all / 2, &bytes);
    if (found)
        assert_true(bytes > all / 2 && bytes <= all);
}

static void test_plan_bounds_hold_for_all_that_is_rendered(void **state)
{
    (void)state;
    static const uint64_t rounds[] = {0, PROMPTS, UINT64_MAX - UINT64_MAX % PROMPTS - PROMPTS};
    struct random random;
    random_init(&random, 1);
    for (int i = 0; i < PLANS; i++) {
        struct bounded bounded;
        make(&bounded, &random);
        struct room room = {.longest = plan_longest_message(&bounded.plan),
                            .longest_parted = plan_longest_parted(&bounded.plan)};
        room.message = malloc(room.longest + 1);
        room.parted = malloc(room.longest_parted + 1);
        for (uint64_t connection = 0; connection < ROWS; connection++)
            for (uint64_t prompt = 0; prompt < PROMPTS; prompt++)
                for (size_t round = 0; round < ARRAY_LENGTH(rounds); round++)
                    check_request(&bounded.plan, connection + rounds[round], prompt + rounds[round],
                                  &room);
        check_oversize(&bounded.plan);
        free(room.message);
        free(room.parted);
        release(&bounded);
    }
}

/* Each cell alone is the longest of its column; with the prompt the message is exactly so long. */
static void test_plan_bounds_with_the_longest_cell_of_each_column(void **state)
{
    (void)state;
    struct template_column cells[] = {
        {{"abc", 3}, {"abc", 3}},
        {{"", 0}, {"", 0}},
        {{"\"", 1}, {"\\\"", 2}},
        {{"token", 5}, {"token", 5}},
    };
    struct users users = {.columns = 2, .rows = 2, .cells = cells};
    struct prompt prompt = {{"p", 1}, {"p", 1}, 9};
    struct prompts one = {.items = &prompt, .count = 1};
    struct template template;
    struct error error;
    size_t bytes;
    assert_int_equal(
        template_compile(&template, text_of("{{name}}{{token:raw}}{{prompt}}"), &columns, &error),
        0);
    struct plan plan = {.prompts = &one, .message = &template, .users = &users};
    assert_int_equal(plan_longest_message(&plan), 3 + 5 + 1);
    assert_ptr_equal(plan_first_oversize(&plan, 8, &bytes), &prompt);
    assert_int_equal(bytes, 9);
    assert_null(plan_first_oversize(&plan, 9, &bytes));
    template_free(&template);
}

/* The shorter cell takes more bytes as JSON: three times \u0001. */
static void test_plan_bounds_parts_of_cells_with_more_to_escape(void **state)
{
    (void)state;
    struct template_column cells[] = {
        {{"xxxxxxxxxx", 10}, {"xxxxxxxxxx", 10}},
        {{"", 0}, {"", 0}},
        {{"\x01\x01\x01", 3}, {"\\u0001\\u0001\\u0001", 18}},
        {{"", 0}, {"", 0}},
    };
    struct users users = {.columns = COLUMNS, .rows = 2, .cells = cells};
    struct prompt prompt = {{"p", 1}, {"p", 1}, 1};
    struct prompts one = {.items = &prompt, .count = 1};
    struct template template;
    struct json_paths paths = {0};
    struct steps steps;
    struct error error;
    const char *json = "{\"before_request\": [{\"send\": \"{{prompt:part}}\", \"parts_of\": "
                       "\"{{name:raw}}\", \"part_characters\": 10}]}";
    assert_int_equal(template_compile(&template, text_of("{{prompt}}"), &columns, &error), 0);
    assert_int_equal(steps_parse(&steps, text_of(json), &columns, &paths, &error), 0);
    struct plan plan = {
        .prompts = &one, .message = &template, .users = &users, .steps = &steps, .load.workers = 1};
    assert_int_equal(plan_longest_parted(&plan), 10);
    assert_true(plan_longest_message(&plan) >= 18);
    template_free(&template);
    steps_free(&steps);
    json_paths_free(&paths);
}

TEST_GROUP(plan_bounds)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_bounds_hold_for_all_that_is_rendered),
        cmocka_unit_test(test_plan_bounds_with_the_longest_cell_of_each_column),
        cmocka_unit_test(test_plan_bounds_parts_of_cells_with_more_to_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
