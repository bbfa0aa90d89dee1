/* The floor: what this machine can do with bare sockets, or bare OpenSSL, and no WebSocket library.
 *
 * One thread on epoll opens N connections to bench_echo_server. Then, by MODE:
 *   open    it is done;
 *   idle    it holds them until it is killed;
 *   closed  it sends 64-byte text messages, the next as soon as the echo is there;
 *   paced   it sends them at a constant rate, those that come due within 100 us in one wake-up;
 *   streams it sends ROUNDS of them on each connection, the next as soon as the answer to the one
 *           before is there, which is a stream of MESSAGES short ones.
 * It takes the timestamps that wsload takes and counts in wsload's histogram. Prints one line of
 * JSON; times are in seconds.
 *
 * usage: floor [--tls] PORT CONNECTIONS
 *              open | idle | closed SECONDS | paced SECONDS RATE | streams ROUNDS MESSAGES */
#include "floor.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "program.h"
#include "wsload/base/clock.h"

static void print_percentiles(const char *name, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double percent;
    } members[] = {{"median", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}};
    printf(", \"%s\": {", name);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        printf("%s\"%s\": %.9f", i > 0 ? ", " : "", members[i].name,
               clock_seconds(histogram_percentile(histogram, members[i].percent)));
    printf("}");
}

static void print_load(const struct load *load, uint64_t took_ns)
{
    printf(", \"messages\": %" PRIu64 ", \"rate\": %.1f", load->messages,
           (double)load->messages / clock_seconds(took_ns));
    print_percentiles("latency", &load->latency);
    if (load->lateness.count > 0)
        print_percentiles("send_lag", &load->lateness);
    if (load->gap.count > 0)
        print_percentiles("inter_message_gap", &load->gap);
}

/* Returns false when ARGUMENTS, from the mode on, are none that the program knows. */
static bool run_mode(struct load *load, int count, char **arguments)
{
    const char *mode = arguments[0];
    uint64_t first = count > 1 ? number(arguments[1], 3600) : 0;      /* SECONDS or ROUNDS */
    uint64_t second = count > 2 ? number(arguments[2], 10000000) : 0; /* RATE or MESSAGES */
    bool closed = count == 2 && strcmp(mode, "closed") == 0;
    bool paced = count == 3 && strcmp(mode, "paced") == 0;
    bool streams = count == 3 && strcmp(mode, "streams") == 0;
    bool idle = count == 1 && strcmp(mode, "idle") == 0;
    if (!closed && !paced && !streams && !idle && (count != 1 || strcmp(mode, "open") != 0))
        return false;
    if (idle && load->tls != NULL) /* costs a buffer for each read, but none between reads */
        SSL_CTX_set_mode(load->tls, SSL_MODE_RELEASE_BUFFERS);
    uint64_t open_ns = floor_open(load);
    printf("{\"open_time\": %.9f", clock_seconds(open_ns));
    if (closed)
        print_load(load, floor_closed(load, first * NS_PER_S));
    else if (paced)
        print_load(load, floor_paced(load, second, first * NS_PER_S));
    else if (streams)
        print_load(load, floor_streams(load, first, second));
    printf("}\n");
    fflush(stdout);
    if (idle)
        pause();
    return true;
}

int main(int argc, char **argv)
{
    static struct load load;
    bool tls = argc > 1 && strcmp(argv[1], "--tls") == 0;
    int first = tls ? 2 : 1;
    prepare_process();
    if (argc - first >= 3) {
        load.port = (uint16_t)number(argv[first], 65535);
        load.count = number(argv[first + 1], 1000000);
        load.tls = tls ? stream_client_context() : NULL;
        load.epoll_fd = epoll_create1(0);
        load.connections = calloc(load.count, sizeof(*load.connections));
        if (load.connections == NULL || load.epoll_fd < 0)
            die("floor");
        random_init(&load.random, random_seed_from_system());
        histogram_reset(&load.latency);
        histogram_reset(&load.lateness);
        histogram_reset(&load.gap);
        if (run_mode(&load, argc - first - 2, argv + first + 2))
            return 0;
    }
    fprintf(stderr, "usage: floor [--tls] PORT CONNECTIONS open | idle | closed SECONDS"
                    " | paced SECONDS RATE | streams ROUNDS MESSAGES\n");
    return 2;
}
