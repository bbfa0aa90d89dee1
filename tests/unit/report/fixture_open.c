#include "fixture_runs.h"

#include <string.h>

#include "testing.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

void set_open_model(struct fixture *run, double rate, uint64_t duration_s)
{
    struct load *load = &run->measurement->load;
    load->model = LOAD_OPEN;
    load->requests = 0;
    load->duration_ns = duration_s * NS_PER_S;
    load->workers = 2;
    load->stages.start = rate;
    load->max_queue = 100000;
    load->seed = 42;
    set_count(run, COUNT_TOTAL_TIME, duration_s * NS_PER_S);
}

/* A ramp up, a plateau and a ramp down, all as it should be. */
void fill_open_stages(struct fixture *run)
{
    static const struct stage stages[] = {
        {30 * NS_PER_S, 500}, {60 * NS_PER_S, 500}, {15 * NS_PER_S, 0}};
    set_open_model(run, 0, 105);
    struct load *load = &run->measurement->load;
    set_url(run, "ws://127.0.0.1:8080/chat");
    load->arrival = ARRIVAL_POISSON;
    load->in_flight = 4;
    memcpy(load->stages.items, stages, sizeof(stages));
    load->stages.count = ARRAY_LENGTH(stages);
    run->measurement->same_machine = true;
    add_threshold(run, "response_time:p(99)<2s");
    add_threshold(run, "success_rate>99");
    add_threshold(run, "achieved_rate>98");
    open_connections(run, 20);
    succeed_on_time(run, 0, 7500, 4 * NS_PER_MS);
    succeed_on_time(run, 7500, 30000, 2 * NS_PER_MS);
    succeed_on_time(run, 37500, 3750, 4 * NS_PER_MS);
    set_usage(run, (double[]){0.0512, 0.0498}, 12);
}

/* The generator was late: one request in fifty is sent 18 ms after it was due. */
void fill_doubtful(struct fixture *run)
{
    set_open_model(run, 1000, 10);
    add_threshold(run, "response_time:p(95)<500ms");
    open_connections(run, 20);
    for (uint64_t i = 0; i < 200; i++) {
        struct timing late = {.lag_ns = 18 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
        succeed_on_time(run, i * 50, 49, NS_PER_MS);
        advance(run, NS_PER_MS);
        end_request(run, i * 50 + 49, &late, NULL);
    }
    set_usage(run, (double[]){0.35, 0.97}, 18);
}

/* The target kept up with half of the rate: the queue ran over. */
void fill_slow_target(struct fixture *run)
{
    set_open_model(run, 2000, 10);
    run->measurement->load.max_queue = 1000;
    add_threshold(run, "success_rate>99");
    open_connections(run, 20);
    for (uint64_t i = 0; i < 10000; i++) {
        struct timing timing = {NS_PER_S - i * 10 * NS_PER_US, 52 * NS_PER_MS, true};
        advance(run, NS_PER_MS);
        if (timing.lag_ns + timing.latency_ns <= now_ns() - START_NS)
            end_request(run, i, &timing, NULL);
        else
            succeed_many(run, i, 1, 0);
    }
    add_count(run, COUNT_PLANNED, 10000);
    set_count(run, COUNT_SKIPPED, 10000);
    set_usage(run, (double[]){0.12, 0.115}, 18);
}

static void end_late(struct fixture *run, uint64_t first_seq, uint64_t count)
{
    static const struct timing late = {.lag_ns = 600 * NS_PER_MS, .latency_ns = 52 * NS_PER_MS};
    for (uint64_t i = 0; i < count; i++)
        end_request(run, first_seq + i, &late, NULL);
}

/* Three requests in four were sent in time, and many of those late, while connections were free; an
 * invalid run is not to pass. */
void fill_invalid(struct fixture *run)
{
    set_open_model(run, 2000, 10);
    run->measurement->load.strict = true;
    add_threshold(run, "success_rate>99");
    open_connections(run, 20);
    succeed_on_time(run, 0, 8000, NS_PER_MS);
    run->recorder->end_ns = START_NS + 10 * NS_PER_S;
    end_late(run, 8000, 7000);
    advance(run, 2 * NS_PER_S);
    end_late(run, 15000, 5000);
    set_count(run, COUNT_DRAIN_TIME, 100 * NS_PER_MS);
    set_usage(run, (double[]){0.99, 0.985}, 18);
}

/* Three runs in one, two of which have remarks. */
void fill_merged(struct fixture *run)
{
    static const struct remark late = {1, "results/second.json", "send_lag",
                                       "wsload was late by enough to matter: without its own "
                                       "lateness p99 response time would be 55 ms, not 73 ms"};
    static const struct remark rate = {
        2, "results/third.json", "rate",
        "84 % of the asked rate with connections free (95 % at least)"};
    set_open_model(run, 400, 10);
    run->measurement->parts = 3;
    run->measurement->load.workers = 3;
    measurement_add_remark(run->measurement, &late);
    measurement_add_remark(run->measurement, &rate);
    add_threshold(run, "response_time:p(95)<500ms");
    open_connections(run, 60);
    succeed_on_time(run, 0, 12000, 833333);
    set_usage(run, (double[]){0.35, 0.3, 0.25}, 54);
}

/* Half of a run that four machines share. */
void fill_shards(struct fixture *run)
{
    set_open_model(run, 2000, 10);
    run->measurement->parts = 2;
    run->measurement->load.shards = 4;
    open_connections(run, 10);
    succeed_on_time(run, 0, 10000, NS_PER_MS);
    set_usage(run, (double[]){0.35, 0.3}, 36);
}
