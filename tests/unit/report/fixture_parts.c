#include "fixture_runs.h"

#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"

/* When the next request ends. */
static uint64_t clock_ns;

void set_clock(void)
{
    clock_ns = START_NS + 100 * NS_PER_MS;
}

uint64_t now_ns(void)
{
    return clock_ns;
}

void add_thresholds(struct results *results, double max_latency, double min_rps,
                    double min_success_rate)
{
    struct thresholds *thresholds = &results->thresholds;
    thresholds_add(thresholds, "max_latency", "latency:avg", THRESHOLD_AT_MOST, max_latency);
    thresholds_add(thresholds, "min_rps", "requests_per_second", THRESHOLD_AT_LEAST, min_rps);
    thresholds_add(thresholds, "min_success_rate", "success_rate", THRESHOLD_AT_LEAST,
                   min_success_rate);
}

void add_threshold(struct results *results, const char *text)
{
    struct error error;
    if (thresholds_parse(&results->thresholds, text, &error) != 0)
        fail_msg("%s", error.text);
}

void advance(struct results *results, uint64_t ns)
{
    clock_ns += ns;
    recorder_tick(&results->recorded, clock_ns, results->setup.connections,
                  results->setup.connections);
}

void end_request(struct results *results, uint64_t seq, const struct timing *timing,
                 const struct failure *failure)
{
    uint64_t sent_ns = clock_ns - timing->latency_ns;
    struct request_outcome outcome = {
        .seq = seq,
        .due_ns = sent_ns - timing->lag_ns,
        .sent_ns = sent_ns,
        .done_ns = clock_ns,
        .failure = failure,
        .prompt = text_of(failure ? "Tell me a story." : "What does \"idempotent\" mean?"),
    };
    recorder_message_sent(&results->recorded, outcome.prompt.length);
    if (failure == NULL) {
        outcome.reply = text_of("{\"message\": \"Bonjour, d\xC3\xA9j\xC3\xA0 l\xC3\xA0 ?\"}");
        outcome.first_ns = outcome.done_ns;
        outcome.messages = 1;
        outcome.bytes = outcome.reply.length;
        recorder_message_received(&results->recorded, outcome.bytes);
    }
    recorder_account(&results->recorded, outcome.due_ns)->planned++;
    recorder_request_sent(&results->recorded, outcome.due_ns, sent_ns, timing->waited);
    recorder_request_done(&results->recorded, &outcome);
}

void succeed_many(struct results *results, uint64_t first_seq, uint64_t count, uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(results, step_ns);
        end_request(results, first_seq + i, &timing, NULL);
    }
}

void succeed_on_time(struct results *results, uint64_t first_seq, uint64_t count, uint64_t step_ns)
{
    for (uint64_t i = 0; i < count; i++) {
        struct timing timing = {.lag_ns = (20 + i * i % 41) * NS_PER_US,
                                .latency_ns = (501 + i * i % 50) * 100 * NS_PER_US};
        advance(results, step_ns);
        end_request(results, first_seq + i, &timing, NULL);
    }
}

void fail_many(struct results *results, uint64_t first_seq, uint64_t count,
               const struct failure *failure)
{
    static const struct timing at_once = {0};
    for (uint64_t i = 0; i < count; i++)
        end_request(results, first_seq + i, &at_once, failure);
}

void fail_unsent(struct results *results, uint64_t first_seq, uint64_t count,
                 const struct failure *failure)
{
    for (uint64_t i = 0; i < count; i++) {
        struct request_outcome outcome = {
            .seq = first_seq + i,
            .due_ns = clock_ns,
            .done_ns = clock_ns,
            .failure = failure,
            .prompt = text_of("Tell me a story."),
        };
        results->recorded.measured.planned++;
        recorder_request_done(&results->recorded, &outcome);
    }
}

void open_connections(struct results *results, uint64_t count)
{
    bool tls = strncmp(results->setup.url, "wss:", 4) == 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t total_ns = (190 + i * 7) * 10 * NS_PER_US;
        struct connect_times times = {{
            [CONNECT_DNS] = i == 0 ? 3 * NS_PER_MS : CLOCK_NEVER,
            [CONNECT_TCP] = total_ns / 8,
            [CONNECT_TLS] = tls ? total_ns / 2 : CLOCK_NEVER,
            [CONNECT_UPGRADE] = total_ns / 4,
            [CONNECT_TOTAL] = total_ns,
        }};
        recorder_connection_opened(&results->recorded, &times, OPENING_FIRST);
    }
    for (uint64_t i = 0; i < 100; i++)
        histogram_record(&results->recorded.loop_lag, (1 + i % 7 * i % 31) * NS_PER_US);
    results->recorded.connections.open_at_end = count;
    results->open_time_ns = 41 * NS_PER_MS;
}
