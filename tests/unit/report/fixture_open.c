#include "fixture_runs.h"

#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"

void set_open_model(struct results *results, double rate, uint64_t duration_s)
{
    results->setup.model = LOAD_OPEN;
    results->setup.requests = 0;
    results->setup.duration_ns = duration_s * NS_PER_S;
    results->setup.workers = 2;
    results->setup.stages.start = rate;
    results->setup.max_queue = 100000;
    results->setup.seed = 42;
    results->recorded.setup.open_model = true;
    results->asked_per_s = rate;
    results->total_time_ns = duration_s * NS_PER_S;
}

/* A ramp up, a plateau and a ramp down, all as it should be. */
void fill_open_stages(struct results *results)
{
    static const struct stage stages[] = {
        {30 * NS_PER_S, 500}, {60 * NS_PER_S, 500}, {15 * NS_PER_S, 0}};
    set_open_model(results, 0, 105);
    results->setup.url = "ws://127.0.0.1:8080/chat";
    results->setup.arrival = ARRIVAL_POISSON;
    results->setup.in_flight = 4;
    results->setup.same_machine = true;
    memcpy(results->setup.stages.items, stages, sizeof(stages));
    results->setup.stages.count = ARRAY_LENGTH(stages);
    add_threshold(results, "response_time:p(99)<2s");
    add_threshold(results, "success_rate>99");
    add_threshold(results, "achieved_rate>98");
    open_connections(results, 20);
    succeed_on_time(results, 0, 7500, 4 * NS_PER_MS);
    succeed_on_time(results, 7500, 30000, 2 * NS_PER_MS);
    succeed_on_time(results, 37500, 3750, 4 * NS_PER_MS);
    results->asked_per_s = 41250.0 / 105;
    results->self = (struct self_usage){{0.0512, 0.0498}, UINT64_C(12) << 20};
}

/* The generator was late: one request in fifty is sent 38 ms behind its time. */
void fill_doubtful(struct results *results)
{
    set_open_model(results, 1000, 10);
    add_threshold(results, "response_time:p(95)<500ms");
    open_connections(results, 20);
    for (uint64_t i = 0; i < 200; i++) {
        struct timing late = {.lag_ns = 38 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
        succeed_on_time(results, i * 50, 49, NS_PER_MS);
        advance(results, NS_PER_MS);
        end_request(results, i * 50 + 49, &late, NULL);
    }
    results->self = (struct self_usage){{0.35, 0.97}, UINT64_C(18) << 20};
}

/* The target kept up with half of the rate: the queue ran over. */
void fill_slow_target(struct results *results)
{
    set_open_model(results, 2000, 10);
    results->setup.max_queue = 1000;
    add_threshold(results, "success_rate>99");
    open_connections(results, 20);
    for (uint64_t i = 0; i < 10000; i++) {
        struct timing timing = {NS_PER_S - i * 10 * NS_PER_US, 52 * NS_PER_MS, true};
        advance(results, NS_PER_MS);
        if (timing.lag_ns + timing.latency_ns <= now_ns() - START_NS)
            end_request(results, i, &timing, NULL);
        else
            succeed_many(results, i, 1, 0);
    }
    results->recorded.measured.planned += 10000;
    results->recorded.measured.skipped = 10000;
    results->self = (struct self_usage){{0.12, 0.115}, UINT64_C(18) << 20};
}

static void end_late(struct results *results, uint64_t first_seq, uint64_t count)
{
    static const struct timing late = {.lag_ns = 600 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
    for (uint64_t i = 0; i < count; i++)
        end_request(results, first_seq + i, &late, NULL);
}

/* Three requests in four were sent in time, and many of those late, while connections were free; an
 * invalid run is not to pass. */
void fill_invalid(struct results *results)
{
    set_open_model(results, 2000, 10);
    results->setup.strict = true;
    add_threshold(results, "success_rate>99");
    open_connections(results, 20);
    succeed_on_time(results, 0, 8000, NS_PER_MS);
    results->recorded.setup.end_ns = START_NS + 10 * NS_PER_S;
    end_late(results, 8000, 7000);
    advance(results, 2 * NS_PER_S);
    end_late(results, 15000, 5000);
    results->drain_time_ns = 100 * NS_PER_MS;
    results->self = (struct self_usage){{0.99, 0.985}, UINT64_C(18) << 20};
}
