#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "console_reading.h"

/* Which of the samples the report shows, and how. */

static void put_sample(struct fixture *run, size_t index, bool ok, const char *sent,
                       const char *reply)
{
    struct sample *sample = &run->measurement->samples[index];
    *sample = (struct sample){.present = true, .seq = index, .ok = ok, .has_reply = reply};
    snprintf(sample->sent, sizeof(sample->sent), "%s", sent);
    snprintf(sample->reply, sizeof(sample->reply), "%s", reply ? reply : "");
}

static struct fixture *run_without_samples(void)
{
    struct fixture *run = fixture("passed");
    memset(run->measurement->samples, 0, sizeof(run->measurement->samples));
    return run;
}

static void test_exchange_is_the_first_that_went_well(void **state)
{
    (void)state;
    struct fixture *run = run_without_samples();
    put_sample(run, 0, false, "zero", "no");
    put_sample(run, 1, true, "one", "yes");
    put_sample(run, 2, true, "two", "yes, too");
    assert_shows(run, "\n  one exchange   > one\n                 < yes\n\nrequests ");
}

static void test_exchange_is_else_the_first_that_was_answered(void **state)
{
    (void)state;
    struct fixture *run = run_without_samples();
    put_sample(run, 0, false, "zero", NULL);
    put_sample(run, 1, false, "one", "no");
    put_sample(run, 2, false, "two", "neither");
    assert_shows(run, "\n  one exchange   > one\n                 < no\n\nrequests ");
}

static void test_exchange_without_a_reply_shows_what_was_sent(void **state)
{
    (void)state;
    struct fixture *run = run_without_samples();
    put_sample(run, 0, false, "", NULL); /* its connection did not open */
    put_sample(run, 1, false, "one", NULL);
    assert_shows(run, "\n  one exchange   > one\n\nrequests ");
}

static void test_exchange_of_nothing_is_not_shown(void **state)
{
    (void)state;
    struct fixture *run = run_without_samples();
    assert_hides(run, "one exchange");
    put_sample(run, 0, false, "", NULL);
    assert_hides(run, "one exchange");
}

static void test_exchange_takes_two_lines_of_each(void **state)
{
    (void)state;
    struct fixture *run = run_without_samples();
    char text[201];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    put_sample(run, 0, true, text, text);
    char expected[512];
    snprintf(expected, sizeof(expected),
             "\n  one exchange   > %.61s\n                   %.60s\xE2\x80\xA6\n"
             "                 < %.61s\n                   %.60s\xE2\x80\xA6\n\n",
             text, text, text, text);
    assert_shows(run, expected);
}

TEST_GROUP(exchange)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange_is_the_first_that_went_well),
        cmocka_unit_test(test_exchange_is_else_the_first_that_was_answered),
        cmocka_unit_test(test_exchange_without_a_reply_shows_what_was_sent),
        cmocka_unit_test(test_exchange_of_nothing_is_not_shown),
        cmocka_unit_test(test_exchange_takes_two_lines_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
