#include "testing.h"

#include <stdlib.h>

#include "flights.h"
#include "wsload/base/random.h"

/* Each test has its flights in memory of the exact size, so that a sanitizer sees what goes beyond.
 */

static void set_up(struct flights *flights, unsigned size, void **memory)
{
    *memory = malloc(flights_bytes(size));
    assert_non_null(*memory);
    flights_init(flights, size, *memory);
}

static struct request request_of(uint64_t seq)
{
    return (struct request){.seq = seq, .due_ns = 10 * seq};
}

static void test_flights_are_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    static const uint64_t seqs[] = {7, 3, 9, 1};
    struct flights flights;
    void *memory;
    set_up(&flights, 4, &memory);
    assert_int_equal(flights.count, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(seqs); i++) {
        struct flight *flight = flights_add(&flights, request_of(seqs[i]));
        assert_ptr_equal(flight, flights_newest(&flights));
        assert_int_equal(flights_oldest(&flights)->request.seq, 7);
        assert_int_equal(flights.count, i + 1);
    }
    const struct flight *flight = flights_oldest(&flights);
    for (size_t i = 0; i < ARRAY_LENGTH(seqs); i++, flight = flights_next(&flights, flight))
        assert_int_equal(flight->request.seq, seqs[i]);
    assert_null(flight);
    for (size_t i = 0; i < ARRAY_LENGTH(seqs); i++) {
        struct flight *popped = flights_pop(&flights);
        assert_int_equal(popped->request.seq, seqs[i]);
        assert_int_equal(popped->request.due_ns, 10 * seqs[i]);
    }
    assert_int_equal(flights.count, 0);
    free(memory);
}

static void test_flights_to_front_moves_from_any_place(void **state)
{
    (void)state;
    static const uint64_t expected[][4] = {{0, 1, 2, 3}, {1, 0, 2, 3}, {2, 0, 1, 3}, {3, 0, 1, 2}};
    for (uint64_t moved = 0; moved < 4; moved++) {
        struct flights flights;
        void *memory;
        set_up(&flights, 4, &memory);
        for (uint64_t seq = 0; seq < 4; seq++)
            flights_add(&flights, request_of(seq));
        flights_to_front(&flights, flights_find(&flights, moved));
        assert_int_equal(flights_newest(&flights)->request.seq, expected[moved][3]);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(flights_pop(&flights)->request.seq, expected[moved][i]);
        free(memory);
    }
}

static void test_flights_forget_what_their_place_held_before(void **state)
{
    (void)state;
    struct flights flights;
    void *memory;
    set_up(&flights, 1, &memory);
    struct flight *flight = flights_add(&flights, request_of(5));
    flight->sent_ns = flight->first_ns = flight->last_ns = 1;
    flight->reply.messages = 2;
    flight->part_at = 3;
    flight->step = flight->awaited = 4;
    assert_ptr_equal(flights_pop(&flights), flight);
    assert_null(flights_find(&flights, 5));
    assert_ptr_equal(flights_add(&flights, request_of(6)), flight);
    assert_int_equal(flight->sent_ns + flight->first_ns + flight->last_ns, 0);
    assert_int_equal(flight->reply.messages, 0);
    assert_int_equal(flight->part_at + flight->step + flight->awaited, 0);
    assert_null(flights_find(&flights, 5));
    assert_ptr_equal(flights_find(&flights, 6), flight);
    free(memory);
}

/* Numbers as workers and connections by turns have them, and such as differ in their highest bits
 * alone. */
static void test_flights_are_found_among_a_thousand(void **state)
{
    (void)state;
    static const uint64_t strides[] = {1, 256, 1000, 20000, UINT64_C(1) << 32, UINT64_C(1) << 54};
    for (size_t i = 0; i < ARRAY_LENGTH(strides); i++) {
        struct flights flights;
        void *memory;
        set_up(&flights, 1000, &memory);
        for (uint64_t n = 0; n < 1000; n++)
            flights_add(&flights, request_of(n * strides[i] + 3));
        for (uint64_t n = 0; n < 1000; n++)
            assert_int_equal(flights_find(&flights, n * strides[i] + 3)->request.seq,
                             n * strides[i] + 3);
        assert_null(flights_find(&flights, 2));
        for (uint64_t n = 0; n < 1000; n++) {
            assert_int_equal(flights_pop(&flights)->request.seq, n * strides[i] + 3);
            assert_null(flights_find(&flights, n * strides[i] + 3));
        }
        free(memory);
    }
}

/* --- Against a model: an array in which everything is looked for from the front --- */

#define MODEL_MAX 1000

struct model {
    uint64_t seqs[MODEL_MAX];
    unsigned count;
};

static unsigned place_of(const struct model *model, uint64_t seq)
{
    unsigned place = 0;
    while (place < model->count && model->seqs[place] != seq)
        place++;
    return place;
}

static void model_to_front(struct model *model, unsigned place)
{
    uint64_t seq = model->seqs[place];
    for (; place > 0; place--)
        model->seqs[place] = model->seqs[place - 1];
    model->seqs[0] = seq;
}

static void model_pop(struct model *model)
{
    model->count--;
    for (unsigned i = 0; i < model->count; i++)
        model->seqs[i] = model->seqs[i + 1];
}

static void assert_same(const struct flights *flights, const struct model *model)
{
    const struct flight *flight = model->count ? flights_oldest(flights) : NULL;
    assert_int_equal(flights->count, model->count);
    for (unsigned i = 0; i < model->count; i++, flight = flights_next(flights, flight)) {
        assert_int_equal(flight->request.seq, model->seqs[i]);
        assert_ptr_equal(flights_find(flights, model->seqs[i]), flight);
    }
    assert_null(flight);
    if (model->count)
        assert_int_equal(flights_newest(flights)->request.seq, model->seqs[model->count - 1]);
}

/* Few numbers, so that the same come again, and many in the same bucket. */
static void operate(struct flights *flights, struct model *model, struct random *random)
{
    uint64_t seq = random_between(random, 0, 2 * flights->size);
    unsigned place = place_of(model, seq);
    switch (random_between(random, 0, 3)) {
    case 0:
    case 1:
        if (place < model->count || model->count == flights->size)
            break;
        flights_add(flights, request_of(seq));
        model->seqs[model->count++] = seq;
        break;
    case 2:
        if (place == model->count) {
            assert_null(flights_find(flights, seq));
            break;
        }
        flights_to_front(flights, flights_find(flights, seq));
        model_to_front(model, place);
        break;
    default:
        if (model->count == 0)
            break;
        assert_int_equal(flights_pop(flights)->request.seq, model->seqs[0]);
        model_pop(model);
        break;
    }
}

static void test_flights_do_as_a_simple_model_does(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 7, 64, MODEL_MAX};
    struct random random;
    random_init(&random, 4);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct model model = {.count = 0};
        struct flights flights;
        void *memory;
        set_up(&flights, sizes[i], &memory);
        for (unsigned step = 0; step < 5000; step++) {
            operate(&flights, &model, &random);
            if (sizes[i] <= 64 || step % 100 == 0)
                assert_same(&flights, &model);
        }
        assert_same(&flights, &model);
        free(memory);
    }
}

TEST_GROUP(flights)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flights_are_in_the_order_in_which_they_came),
        cmocka_unit_test(test_flights_to_front_moves_from_any_place),
        cmocka_unit_test(test_flights_forget_what_their_place_held_before),
        cmocka_unit_test(test_flights_are_found_among_a_thousand),
        cmocka_unit_test(test_flights_do_as_a_simple_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
