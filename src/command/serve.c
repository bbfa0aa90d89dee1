#include "wsload/command/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "monitor.h"
#include "option_parse.h"
#include "serve_options.h"
#include "wsload/base/helpers.h"
#include "wsload/engine/descriptors.h"
#include "wsload/judge/verdict.h"
#include "wsload/server/server.h"

/* For the signal handler, which can take no argument. */
static struct server *running;

static void stop_running(int signal_number)
{
    (void)signal_number;
    server_stop(running);
}

static void announce(const struct server_options *server, uint16_t port)
{
    bool six = strchr(server->address, ':');
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
    if (counts.refused)
        printf("; %llu handshakes refused", (unsigned long long)counts.refused);
    printf("\n");
}

static int serve(const struct server_options *server, bool quiet, struct error *error)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction stop = {.sa_handler = stop_running};
    struct sigaction before;
    /* Who sees the port file may end the server at once: a signal waits for its handler. */
    monitor_block_signals(true);
    running = server_new(server, error);
    if (!running)
        return -1;
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        sigaction(ends[i], NULL, &before);
        if (ends[i] != SIGHUP || before.sa_handler != SIG_IGN) /* 'nohup' says so */
            sigaction(ends[i], &stop, NULL);
    }
    monitor_block_signals(false);
    if (!quiet)
        announce(server, server_port(running));
    server_run(running);
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        signal(ends[i], SIG_IGN); /* the handler must not see the server go */
    if (!quiet)
        print_counts(server_counts(running));
    server_free(running);
    return 0;
}

int command_serve(int argc, char *const argv[])
{
    struct serve_options options;
    struct error error;
    if (options_parse(&serve_option_set, argc, argv, &options, NULL, &error))
        return command_complain(&error);
    if (options.help)
        return command_usage("serve");
    int status = serve_options_complete(&options, &error) || descriptors_take_all(&error) ||
                 serve(&options.server, options.quiet, &error);
    buffer_free(&options.reply_file);
    return status ? command_complain(&error) : EXIT_PASSED;
}
