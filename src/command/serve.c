#include "wsload/command/command.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/random.h"
#include "wsload/command/serve_options.h"
#include "wsload/engine/descriptors.h"
#include "wsload/server/server.h"
#include "wsload/stats/results.h"

#define REPLY_FILE_MAX (16u * 1024u * 1024u)

/* For the signal handler, which can take no argument. */
static struct server *running;

static void stop_running(int signal_number)
{
    (void)signal_number;
    server_stop(running);
}

static bool is_loopback(const char *address)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, address, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static bool is_address(const char *address)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1;
}

/* ADDR:PORT, [ADDR]:PORT. ADDRESS has room for INET6_ADDRSTRLEN. */
static int parse_listen(const struct serve_options *options, char *address, uint16_t *port,
                        struct error *error)
{
    const char *text = options->listen;
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[' && colon && colon[-1] == ']';
    const char *start = text + brackets;
    size_t length = colon ? (size_t)(colon - brackets - start) : 0;
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!colon || digits == 0 || digits > 5 || colon[1 + digits] || length >= INET6_ADDRSTRLEN)
        return error_set(error, "--listen '%s': use ADDRESS:PORT, as in 127.0.0.1:8080", text);
    memcpy(address, start, length);
    address[length] = '\0';
    unsigned long number = strtoul(colon + 1, NULL, 10);
    if (!is_address(address) || number > 65535)
        return error_set(error,
                         "--listen '%s': use a numeric address and a port up to 65535, as in "
                         "127.0.0.1:8080 or [::1]:8080",
                         text);
    if (!is_loopback(address) && !options->allow_remote)
        return error_set(error,
                         "--listen '%s': others could reach this address; add --allow-remote if "
                         "they may, or listen on 127.0.0.1",
                         text);
    *port = (uint16_t)number;
    return 0;
}

static int read_reply(const char *option, struct buffer *file, struct text *reply,
                      struct error *error)
{
    *reply = text_of(option);
    if (option[0] != '@')
        return 0;
    if (file_read(option + 1, file, error))
        return error_prefix(error, "--reply");
    *reply = buffer_text(file);
    while (reply->length > 0 && strchr("\r\n", reply->data[reply->length - 1]))
        reply->length--;
    return 0;
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
    printf("served %llu connections, %llu messages: %llu replies, %llu errors\n",
           (unsigned long long)counts.connections, (unsigned long long)counts.messages,
           (unsigned long long)counts.replies, (unsigned long long)counts.errors);
}

static int serve(const struct server_options *server, bool quiet, struct error *error)
{
    struct sigaction stop = {.sa_handler = stop_running};
    running = server_new(server, error);
    if (!running)
        return -1;
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
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
    char address[INET6_ADDRSTRLEN];
    struct buffer reply_file;
    struct server_options server = {
        .address = address,
        .tls = options->tls,
        .ca_out = options->ca_out,
        .port_file = options->port_file,
        .delay_low_ns = options->delay.low,
        .delay_high_ns = options->delay.high,
        .error_percent = options->error_rate,
        .seed = random_seed_from_system(),
    };
    if (options->ca_out && !options->tls)
        return error_set(error, "--ca-out goes with --tls; add it");
    buffer_init(&reply_file, REPLY_FILE_MAX);
    int status = parse_listen(options, address, &server.port, error);
    if (status == 0)
        status = read_reply(options->reply, &reply_file, &server.reply, error);
    if (status == 0)
        status = descriptors_take_all(error);
    if (status == 0)
        status = serve(&server, options->quiet, error);
    buffer_free(&reply_file);
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
