#include "testing.h"

#include "run_clock.h"

/* A run of 100 ns after 20 ns of warm-up that waits 30 ns for a connection that is free. */
static const struct plan timed = {
    .load = {.warmup_ns = 20, .duration_ns = 100},
    .reply_timeout_ns = 30,
};

/* What the worker sees, what it is told, and the phase that follows. */
struct look {
    struct run_view view;
    unsigned actions;
    enum run_phase phase;
};

static void assert_looks(struct run_clock *clock, const struct look *looks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned actions = run_clock_next(clock, &looks[i].view);
        if (actions != looks[i].actions || clock->phase != looks[i].phase)
            fail_msg("look %zu: actions %u for %u, phase %d for %d", i, actions, looks[i].actions,
                     (int)clock->phase, (int)looks[i].phase);
    }
}

#define ASSERT_LOOKS(clock, ...)                                                                   \
    do {                                                                                           \
        const struct look looks[] = {__VA_ARGS__};                                                 \
        assert_looks(clock, looks, ARRAY_LENGTH(looks));                                           \
    } while (0)

/* Opens at 1000. */
static struct run_clock new_clock(const struct plan *plan)
{
    struct run_clock clock;
    run_clock_open(&clock, plan, CLOCK_NEVER, 1000);
    return clock;
}

/* The same, with a last request after LENGTH_NS, and it starts at 1100. */
static struct run_clock started_clock_of(const struct plan *plan, uint64_t length_ns)
{
    struct run_clock clock;
    run_clock_open(&clock, plan, length_ns, 1000);
    struct run_view view = {.now_ns = 1100, .start_ns = 1100, .outstanding = 5, .open = 3};
    while (run_clock_next(&clock, &view))
        continue;
    return clock;
}

static struct run_clock started_clock(const struct plan *plan)
{
    return started_clock_of(plan, CLOCK_NEVER);
}

static void test_run_clock_of_a_late_worker_has_no_time_of_opening(void **state)
{
    struct run_clock clock = new_clock(&timed);
    (void)state;
    ASSERT_LOOKS(&clock, {{.now_ns = 1010, .start_ns = 990}, RUN_BEGIN, PHASE_WARMUP});
    assert_int_equal(clock.open_time_ns, 0);
    assert_int_equal(clock.start_ns, 990);
}

static void test_run_clock_goes_through_all_phases(void **state)
{
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(
        &clock, {{.now_ns = 1000}, 0, PHASE_OPENING},
        {{.now_ns = 1099, .start_ns = 1100}, 0, PHASE_OPENING},
        {{.now_ns = 1103, .start_ns = 1100}, RUN_BEGIN, PHASE_WARMUP},
        {{.now_ns = 1119, .start_ns = 1100}, 0, PHASE_WARMUP},
        {{.now_ns = 1121, .start_ns = 1100}, RUN_MEASURE, PHASE_RUNNING},
        {{.now_ns = 1219, .start_ns = 1100}, 0, PHASE_RUNNING},
        {{.now_ns = 1222, .outstanding = 1}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
        {{.now_ns = 1223, .outstanding = 1, .open = 2}, 0, PHASE_DRAINING},
        {{.now_ns = 1224, .open = 2}, RUN_FINISH | RUN_CLOSE, PHASE_CLOSING},
        {{.now_ns = 1225, .open = 1}, 0, PHASE_CLOSING},
        {{.now_ns = 1226, .open = 0}, RUN_STOP, PHASE_CLOSING},
        {{.now_ns = 9999, .open = 0}, 0, PHASE_CLOSING}, );
    assert_int_equal(clock.open_time_ns, 100);
    assert_int_equal(clock.start_ns, 1100);
    assert_int_equal(clock.measure_ns, 1120);
    assert_int_equal(clock.end_ns, 1220);
}

static void test_run_clock_without_warmup_measures_at_once(void **state)
{
    (void)state;
    struct plan plan = timed;
    plan.load.warmup_ns = 0;
    struct run_clock clock = new_clock(&plan);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1103, .start_ns = 1100}, RUN_BEGIN | RUN_MEASURE, PHASE_RUNNING});
    assert_int_equal(clock.measure_ns, 1100);
    assert_int_equal(clock.phase_ns, 1100);
}

static void test_run_clock_tells_when_sending_is_over(void **state)
{
    static const struct {
        uint64_t duration_ns, length_ns, end_ns;
    } cases[] = {
        {0, CLOCK_NEVER, CLOCK_NEVER},
        {100, CLOCK_NEVER, 1220},
        {0, 70, 1170},
        {100, 70, 1170},
        {100, 700, 1220},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct plan plan = timed;
        plan.load.duration_ns = cases[i].duration_ns;
        struct run_clock clock = started_clock_of(&plan, cases[i].length_ns);
        assert_int_equal(clock.end_ns, cases[i].end_ns);
    }
}

static void test_run_clock_ends_by_number_when_its_model_says_so(void **state)
{
    static const struct {
        enum load_model model;
        uint64_t end_ns;
    } cases[] = {{LOAD_CLOSED, CLOCK_NEVER}, {LOAD_HOLD, CLOCK_NEVER}, {LOAD_OPEN, 1150}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct plan plan = timed;
        plan.load.model = cases[i].model;
        struct run_clock clock = started_clock(&plan);
        ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                     {{.now_ns = 1150, .over = true}, RUN_NOTE_END, PHASE_DRAINING});
        assert_int_equal(clock.end_ns, cases[i].end_ns);
    }
}

static void test_run_clock_does_not_begin_when_nothing_opened(void **state)
{
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1009, .start_ns = CLOCK_NEVER}, RUN_FINISH | RUN_CLOSE, PHASE_CLOSING},
                 {{.now_ns = 1009, .start_ns = CLOCK_NEVER}, RUN_STOP, PHASE_CLOSING});
    assert_int_equal(clock.open_time_ns, 9);
    assert_int_equal(clock.start_ns, 0);
    assert_int_equal(clock.measure_ns, 0);
}

static void test_run_clock_that_began_at_once_ends_when_nothing_opened(void **state)
{
    (void)state;
    struct run_clock clock = started_clock(&timed);
    ASSERT_LOOKS(&clock, {{.now_ns = 1105, .none_opened = true},
                          RUN_NOTE_END | RUN_FINISH | RUN_CLOSE,
                          PHASE_CLOSING});
}

static void test_run_clock_skips_what_waits_too_long(void **state)
{
    (void)state;
    struct run_clock clock = started_clock(&timed);
    ASSERT_LOOKS(
        &clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
        {{.now_ns = 1220}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
        {{.now_ns = 1249, .waiting = 1}, 0, PHASE_DRAINING},
        {{.now_ns = 1250, .waiting = 1, .outstanding = 1}, RUN_SKIP_WAITING, PHASE_DRAINING},
        {{.now_ns = 1250, .outstanding = 1}, 0, PHASE_DRAINING},
        {{.now_ns = 1251}, RUN_FINISH | RUN_CLOSE, PHASE_CLOSING});
}

static void test_run_clock_leaves_peers_that_do_not_close(void **state)
{
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1001, .start_ns = CLOCK_NEVER, .open = 1},
                  RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING},
                 {{.now_ns = 1000 + RUN_CLOSE_WAIT_NS, .open = 1}, 0, PHASE_CLOSING},
                 {{.now_ns = 1001 + RUN_CLOSE_WAIT_NS, .open = 1}, RUN_STOP, PHASE_CLOSING});
}

/* Draining is over at 1224 and 2 are open. */
static struct run_clock listening_clock(const struct plan *plan)
{
    struct run_clock clock = started_clock(plan);
    ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                 {{.now_ns = 1220}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
                 {{.now_ns = 1224, .open = 2}, RUN_CANCEL_OPENINGS | RUN_FINISH, PHASE_LISTENING});
    return clock;
}

static void test_run_clock_listens_after_the_last_reply(void **state)
{
    (void)state;
    struct plan plan = timed;
    plan.linger_ns = 300;
    struct run_clock clock = listening_clock(&plan);
    ASSERT_LOOKS(&clock, {{.now_ns = 1523, .open = 2}, 0, PHASE_LISTENING},
                 {{.now_ns = 1524, .open = 2}, RUN_CLOSE, PHASE_CLOSING},
                 {{.now_ns = 1525, .open = 0}, RUN_STOP, PHASE_CLOSING});
    assert_int_equal(clock.end_ns, 1220);
    clock = listening_clock(&plan);
    ASSERT_LOOKS(&clock, {{.now_ns = 1225, .open = 1}, 0, PHASE_LISTENING},
                 {{.now_ns = 1226, .open = 0}, RUN_CLOSE, PHASE_CLOSING});
}

static void test_run_clock_listens_as_long_as_a_reply_may_take(void **state)
{
    static const struct {
        uint64_t longest_ns, until_ns;
    } cases[] = {{0, 1524}, {700, 2224}, {2000, 3524}, {9000, 3524}};
    (void)state;
    struct plan plan = timed;
    plan.linger_ns = 300;
    plan.linger_most_ns = 2000;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct run_clock clock = started_clock(&plan);
        ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                     {{.now_ns = 1220}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
                     {{.now_ns = 1224, .open = 2, .longest_ns = cases[i].longest_ns},
                      RUN_CANCEL_OPENINGS | RUN_FINISH,
                      PHASE_LISTENING});
        assert_int_equal(run_clock_wake_ns(&clock, 1100, 0), cases[i].until_ns);
    }
}

static void test_run_clock_does_not_listen_when_nobody_can_speak(void **state)
{
    (void)state;
    struct plan plan = timed;
    plan.linger_ns = 300;
    struct run_clock clock = started_clock(&plan);
    ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                 {{.now_ns = 1220}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
                 {{.now_ns = 1224, .open = 0}, RUN_FINISH | RUN_CLOSE, PHASE_CLOSING});
}

static void test_run_clock_that_is_interrupted_does_not_listen(void **state)
{
    (void)state;
    struct plan plan = timed;
    plan.linger_ns = 300;
    struct run_clock clock = started_clock(&plan);
    ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                 {{.now_ns = 1130, .stop = STOP_POLITELY, .outstanding = 1},
                  RUN_ASK_NO_MORE | RUN_NOTE_END | RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS,
                  PHASE_DRAINING},
                 {{.now_ns = 1140, .stop = STOP_POLITELY, .open = 2},
                  RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING});
    clock = listening_clock(&plan);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1230, .stop = STOP_POLITELY, .open = 2},
                  RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS,
                  PHASE_LISTENING},
                 {{.now_ns = 1230, .stop = STOP_POLITELY, .open = 2}, RUN_CLOSE, PHASE_CLOSING});
    clock = listening_clock(&plan);
    ASSERT_LOOKS(
        &clock,
        {{.now_ns = 1230, .stop = STOP_NOW, .open = 2}, RUN_CLOSE | RUN_STOP, PHASE_CLOSING});
}

static void test_run_clock_waits_for_replies_when_it_is_interrupted(void **state)
{
    (void)state;
    struct run_clock clock = started_clock(&timed);
    ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                 {{.now_ns = 1130, .stop = STOP_POLITELY, .outstanding = 1},
                  RUN_ASK_NO_MORE | RUN_NOTE_END | RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS,
                  PHASE_DRAINING},
                 {{.now_ns = 1129 + RUN_INTERRUPT_WAIT_NS, .stop = STOP_POLITELY, .outstanding = 1},
                  0,
                  PHASE_DRAINING},
                 {{.now_ns = 1130 + RUN_INTERRUPT_WAIT_NS, .stop = STOP_POLITELY, .outstanding = 1},
                  RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING}, );
    assert_int_equal(clock.end_ns, 1130);
}

static void test_run_clock_that_is_interrupted_while_it_drains_keeps_its_end(void **state)
{
    (void)state;
    struct run_clock clock = started_clock(&timed);
    ASSERT_LOOKS(&clock, {{.now_ns = 1121}, RUN_MEASURE, PHASE_RUNNING},
                 {{.now_ns = 1220}, RUN_ASK_NO_MORE | RUN_NOTE_END, PHASE_DRAINING},
                 {{.now_ns = 1230, .stop = STOP_POLITELY, .outstanding = 1},
                  RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS,
                  PHASE_DRAINING},
                 {{.now_ns = 1230 + RUN_INTERRUPT_WAIT_NS, .stop = STOP_POLITELY, .outstanding = 1},
                  RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING});
    assert_int_equal(clock.end_ns, 1220);
}

static void test_run_clock_that_is_interrupted_while_it_opens_closes(void **state)
{
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1030, .stop = STOP_POLITELY, .open = 1},
                  RUN_SKIP_WAITING | RUN_CANCEL_OPENINGS | RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING},
                 {{.now_ns = 1031, .stop = STOP_POLITELY, .open = 1}, 0, PHASE_CLOSING});
    assert_int_equal(clock.open_time_ns, 30);
}

static void test_run_clock_leaves_at_once_when_told_so(void **state)
{
    static const unsigned from_opening = RUN_FINISH | RUN_CLOSE | RUN_STOP;
    static const unsigned from_sending = RUN_ASK_NO_MORE | RUN_NOTE_END | RUN_FINISH | RUN_CLOSE |
                                         RUN_STOP;
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1030, .stop = STOP_NOW, .open = 1}, from_opening, PHASE_CLOSING},
                 {{.now_ns = 1031, .stop = STOP_NOW, .open = 1}, 0, PHASE_CLOSING});
    clock = started_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1105, .stop = STOP_NOW, .open = 1}, from_sending, PHASE_CLOSING});
    assert_int_equal(clock.end_ns, 1105);
}

static void test_run_clock_stops_a_closing_run_when_told_so(void **state)
{
    (void)state;
    struct run_clock clock = new_clock(&timed);
    ASSERT_LOOKS(&clock,
                 {{.now_ns = 1001, .start_ns = CLOCK_NEVER, .open = 1},
                  RUN_FINISH | RUN_CLOSE,
                  PHASE_CLOSING},
                 {{.now_ns = 1002, .stop = STOP_NOW, .open = 1}, RUN_STOP, PHASE_CLOSING});
}

static void test_run_clock_tells_when_to_look_again(void **state)
{
    static const struct {
        enum run_phase phase;
        uint64_t start_ns, waiting, wake_ns;
    } cases[] = {
        {PHASE_OPENING, 0, 0, 90},    {PHASE_OPENING, 15, 0, 15},  {PHASE_WARMUP, 15, 0, 20},
        {PHASE_RUNNING, 15, 0, 30},   {PHASE_DRAINING, 15, 0, 90}, {PHASE_DRAINING, 15, 1, 40},
        {PHASE_LISTENING, 15, 0, 45}, {PHASE_CLOSING, 15, 1, 50},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct run_clock clock = {
            .phase = cases[i].phase,
            .measure_ns = 20,
            .end_ns = 30,
            .backlog_until_ns = 40,
            .listen_until_ns = 45,
            .close_until_ns = 50,
            .give_up_ns = 90,
        };
        assert_int_equal(run_clock_wake_ns(&clock, cases[i].start_ns, cases[i].waiting),
                         cases[i].wake_ns);
    }
}

TEST_GROUP(run_clock)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_clock_of_a_late_worker_has_no_time_of_opening),
        cmocka_unit_test(test_run_clock_goes_through_all_phases),
        cmocka_unit_test(test_run_clock_without_warmup_measures_at_once),
        cmocka_unit_test(test_run_clock_tells_when_sending_is_over),
        cmocka_unit_test(test_run_clock_ends_by_number_when_its_model_says_so),
        cmocka_unit_test(test_run_clock_does_not_begin_when_nothing_opened),
        cmocka_unit_test(test_run_clock_that_began_at_once_ends_when_nothing_opened),
        cmocka_unit_test(test_run_clock_skips_what_waits_too_long),
        cmocka_unit_test(test_run_clock_leaves_peers_that_do_not_close),
        cmocka_unit_test(test_run_clock_listens_after_the_last_reply),
        cmocka_unit_test(test_run_clock_listens_as_long_as_a_reply_may_take),
        cmocka_unit_test(test_run_clock_does_not_listen_when_nobody_can_speak),
        cmocka_unit_test(test_run_clock_that_is_interrupted_does_not_listen),
        cmocka_unit_test(test_run_clock_waits_for_replies_when_it_is_interrupted),
        cmocka_unit_test(test_run_clock_that_is_interrupted_while_it_drains_keeps_its_end),
        cmocka_unit_test(test_run_clock_that_is_interrupted_while_it_opens_closes),
        cmocka_unit_test(test_run_clock_leaves_at_once_when_told_so),
        cmocka_unit_test(test_run_clock_stops_a_closing_run_when_told_so),
        cmocka_unit_test(test_run_clock_tells_when_to_look_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
