#include "wsload/command/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "monitor.h"
#include "serve_settings.h"
#include "wsload/engine/descriptors.h"
#include "wsload/server/server.h"
#include "wsload/stats/results.h"

/* For the signal handler, which can take no argument. */
static struct server *running;

static void stop_running(int signal_number)
{
    (void)signal_number;
    server_stop(running);
}

static void announce(const struct server_options *server, uint16_t port)
{
    bool six = strchr(server->address, ':') != NULL;
    printf("listening on %s://%s%s%s:%u\n", server->tls ? "wss" : "ws", six ? "[" : "",
           server->address, six ? "]" : "", (unsigned)port);
    fflush(stdout);
}

static void print_counts(struct server_counts counts)
{
    printf("served %llu connections, %llu messages: %llu replies, %llu errors",
           (unsigned long long)counts.connections, (unsigned long long)counts.messages,
           (unsigned long long)counts.replies, (unsigned long long)counts.errors);
    if (counts.sent != counts.replies + counts.errors)
        printf("; %llu messages sent", (unsigned long long)counts.sent);
    if (counts.refused != 0)
        printf("; %llu handshakes refused", (unsigned long long)counts.refused);
    printf("\n");
}

static int serve(const struct server_options *server, bool quiet, struct error *error)
{
    struct sigaction stop = {.sa_handler = stop_running};
    /* Who sees the port file may end the server at once: a signal waits for its handler. */
    monitor_block_signals();
    running = server_new(server, error);
    if (!running)
        return -1;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    monitor_unblock_signals();
    if (!quiet)
        announce(server, server_port(running));
    server_run(running);
    signal(SIGINT, SIG_IGN); /* the handler must not see the server go */
    signal(SIGTERM, SIG_IGN);
    if (!quiet)
        print_counts(server_counts(running));
    server_free(running);
    return 0;
}

static int serve_as_asked(const struct serve_options *options, struct error *error)
{
    struct serve_settings settings;
    int status = serve_settings_make(&settings, options, error);
    if (status == 0)
        status = descriptors_take_all(error);
    if (status == 0)
        status = serve(&settings.server, options->quiet, error);
    serve_settings_free(&settings);
    return status;
}

int command_serve(int argc, char *const argv[])
{
    struct serve_options options;
    struct error error;
    if (serve_options_parse(argc, argv, &options, &error))
        return command_complain(&error);
    if (options.help)
        return command_serve_help();
    return serve_as_asked(&options, &error) ? command_complain(&error) : EXIT_PASSED;
}
