#include "testing.h"

#include <string.h>

#include "wsload/load/load.h"

/* A load in which every member has a value of its own. */
static struct load some_load(void)
{
    return (struct load){
        .url = "ws://one.example/path",
        .origin = "https://one.example",
        .model = LOAD_OPEN,
        .reply = REPLY_STREAM,
        .connections = 3,
        .requests = 5,
        .duration_ns = 7,
        .warmup_ns = 9,
        .prompts = 11,
        .workers = 2,
        .stages = {.start = 1.5, .items = {{10, 2.5}, {20, 3.5}}, .count = 2},
        .arrival = ARRIVAL_POISSON,
        .in_flight = 13,
        .max_queue = 15,
        .think = {.law = THINK_UNIFORM, .low_ns = 17, .high_ns = 19},
        .connect_rate = 0.5,
        .seed = 21,
        .levels = {true, {23, 25, 27, 29, 31}},
        .prices = {1, 0.25},
        .shards = 4,
    };
}

/* --- The table --- */

/* Makes the member of LOAD larger than it is. */
static void enlarge(struct load *load, const struct load_member *member)
{
    char *at = (char *)load + member->offset;
    switch (member->type) {
    case LOAD_TEXT:
        strncat(at, "x", member->size - strlen(at) - 1);
        break;
    case LOAD_COUNT:
    case LOAD_SECONDS:
        ++*(uint64_t *)at;
        break;
    case LOAD_COUNT32:
        ++*(uint32_t *)at;
        break;
    case LOAD_NUMBER:
        *(double *)at += 0.5;
        break;
    case LOAD_BOOL:
        *(bool *)at = true;
        break;
    case LOAD_CHOICE:
        ++*(unsigned *)at;
        break;
    case LOAD_STAGES:
        ((struct stages *)at)->start++;
        break;
    case LOAD_THINK:
        ((struct think *)at)->high_ns++;
        break;
    case LOAD_LEVELS:
        ((struct service_levels *)at)->ns[LEVEL_COUNT - 1]++;
        break;
    }
}

static void test_load_difference_names_each_member(void **state)
{
    (void)state;
    size_t count;
    const struct load_member *members = load_members(&count);
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        struct load load = some_load();
        struct load other = load;
        int order = 17;
        assert_null(load_difference(&load, &other, &order));
        assert_int_equal(order, 0);
        enlarge(&other, &members[i]);
        assert_memory_not_equal(&load, &other, sizeof(load));
        const char *path = load_difference(&load, &other, &order);
        if (members[i].varies) {
            assert_null(path);
            assert_int_equal(order, 0);
            continue;
        }
        assert_ptr_equal(path, members[i].path);
        assert_true(order < 0);
        assert_ptr_equal(load_difference(&other, &load, &order), members[i].path);
        assert_true(order > 0);
    }
}

static void test_load_difference_names_the_first_member_that_differs(void **state)
{
    (void)state;
    struct load load = some_load();
    struct load other = load;
    int order;
    other.shards++;
    other.requests--;
    assert_string_equal(load_difference(&load, &other, &order), "load.requests");
    assert_true(order > 0);
}

/* What runs of one load may differ in. */
static void test_load_of_another_size_of_crew_is_the_same_load(void **state)
{
    (void)state;
    static const char *const names[] = {"load.workers", "load.seed", "load.strict", "load.record"};
    size_t count;
    size_t varying = 0;
    const struct load_member *members = load_members(&count);
    for (size_t i = 0; i < count; i++)
        if (members[i].varies)
            assert_string_equal(members[i].path, names[varying++]);
    assert_int_equal(varying, ARRAY_LENGTH(names));
}

static void test_load_difference_looks_into_stages_and_times(void **state)
{
    (void)state;
    struct load load = some_load();
    struct load changed[] = {load, load, load, load, load, load, load, load};
    static const char *const paths[ARRAY_LENGTH(changed)] = {
        "load",         "load",         "load", "load.think_time", "load.think_time",
        "load.goodput", "load.goodput", NULL,
    };
    changed[0].stages.count--;
    changed[1].stages.items[1].duration_ns++;
    changed[2].stages.items[1].target++;
    changed[3].think.law = THINK_EXPONENTIAL;
    changed[4].think.low_ns--;
    changed[5].levels.any = false;
    changed[6].levels.ns[LEVEL_LATENCY] = 0;
    changed[7].stages.items[2].target++; /* one that is not there */
    for (size_t i = 0; i < ARRAY_LENGTH(changed); i++) {
        int order;
        const char *path = load_difference(&load, &changed[i], &order);
        if (paths[i])
            assert_string_equal(path, paths[i]);
        else
            assert_null(path);
        assert_int_equal(!order, !paths[i]);
    }
}

/* Every byte of a load but for padding belongs to a member: a new one cannot be forgotten in the
 * table without its neighbours' distance growing. */
static void test_load_members_stand_in_the_load_one_after_the_other(void **state)
{
    (void)state;
    struct load load;
    size_t count;
    size_t end = 0;
    const struct load_member *members = load_members(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(members[i].offset >= end);
        assert_true(members[i].offset < end + sizeof(uint64_t));
        end = members[i].offset + members[i].size;
        assert_ptr_equal(load_member_of(&load, &members[i]),
                         (const char *)&load + members[i].offset);
    }
    assert_true(sizeof(struct load) < end + sizeof(uint64_t));
}

static void test_load_members_are_as_their_types_say(void **state)
{
    (void)state;
    size_t count;
    const struct load_member *members = load_members(&count);
    for (size_t i = 0; i < count; i++) {
        const struct load_member *member = &members[i];
        static const size_t sizes[] = {
            [LOAD_COUNT] = sizeof(uint64_t),
            [LOAD_COUNT32] = sizeof(uint32_t),
            [LOAD_SECONDS] = sizeof(uint64_t),
            [LOAD_NUMBER] = sizeof(double),
            [LOAD_BOOL] = sizeof(bool),
            [LOAD_CHOICE] = sizeof(unsigned),
            [LOAD_STAGES] = sizeof(struct stages),
            [LOAD_THINK] = sizeof(struct think),
            [LOAD_LEVELS] = sizeof(struct service_levels),
        };
        if (member->type != LOAD_TEXT)
            assert_int_equal(member->size, sizes[member->type]);
        assert_int_equal(member->type == LOAD_CHOICE, member->names != NULL);
        assert_true(strncmp(member->path, "load", 4) == 0 ||
                    strncmp(member->path, "target.", 7) == 0);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(members[j].path, member->path);
    }
}

static void test_load_names_every_limit(void **state)
{
    (void)state;
    assert_null(load_level_names[LEVEL_NONE]);
    for (size_t i = LEVEL_NONE + 1; i < LEVEL_COUNT; i++)
        assert_non_null(load_level_names[i]);
}

TEST_GROUP(load)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_difference_names_each_member),
        cmocka_unit_test(test_load_difference_names_the_first_member_that_differs),
        cmocka_unit_test(test_load_of_another_size_of_crew_is_the_same_load),
        cmocka_unit_test(test_load_difference_looks_into_stages_and_times),
        cmocka_unit_test(test_load_members_stand_in_the_load_one_after_the_other),
        cmocka_unit_test(test_load_members_are_as_their_types_say),
        cmocka_unit_test(test_load_names_every_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
