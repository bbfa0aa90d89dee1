#include "serve_settings.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/file.h"
#include "wsload/base/random.h"
#include "wsload/base/units.h"

#define REPLY_FILE_MAX    (16u * 1024u * 1024u)
#define MESSAGE_LIMIT_MAX (16u * 1024u * 1024u)

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

/* ADDR:PORT, [ADDR]:PORT. */
static int parse_listen(struct serve_settings *settings, const struct serve_options *options,
                        struct error *error)
{
    char *address = settings->address;
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
    settings->server.address = address;
    settings->server.port = (uint16_t)number;
    return 0;
}

static int read_reply(struct serve_settings *settings, const char *option, struct error *error)
{
    struct text *reply = &settings->server.reply;
    *reply = text_of(option ? option : SERVER_DEFAULT_REPLY);
    if (!option || option[0] != '@')
        return 0;
    if (file_read(option + 1, &settings->reply, error))
        return error_prefix(error, "--reply");
    *reply = buffer_text(&settings->reply);
    while (reply->length > 0 && strchr("\r\n", reply->data[reply->length - 1]))
        reply->length--;
    return 0;
}

static int set_answers(struct serve_settings *settings, const struct serve_options *options,
                       struct error *error)
{
    struct server_options *server = &settings->server;
    server->delay_low_ns = options->delay.low;
    server->delay_high_ns = options->delay.high;
    server->gap_ns = options->gap_ns;
    server->stream = options->stream;
    server->error_percent = options->error_rate;
    server->profile = options->profile;
    if (options->profile && (options->reply || options->reply_end))
        return error_set(error, "--profile and %s: the profile brings its own; leave one out",
                         options->reply ? "--reply" : "--reply-end");
    if (options->reply_end && !options->reply_end[0])
        return error_set(error, "--reply-end '': an empty message would not be seen as an end; "
                                "leave it out for none");
    if (options->reply_end)
        server->reply_end = text_of(options->reply_end);
    return read_reply(settings, options->reply, error);
}

static int parse_size(const char *name, const char *text, uint64_t maximum, uint64_t *size,
                      struct error *error)
{
    char most[UNITS_SIZE];
    if (units_parse_size(text, size, error))
        return error_prefix(error, "%s '%s'", name, text);
    if (maximum && *size > maximum)
        return error_set(error, "%s '%s': at most %s is allowed", name, text,
                         units_format_size(maximum, most));
    return 0;
}

static int parse_quota(const char *name, const char *text, struct server_quota *quota,
                       struct error *error)
{
    quota->given = text != NULL;
    if (text && units_parse_rate(text, &quota->per_s, error))
        return error_prefix(error, "%s '%s'", name, text);
    return 0;
}

static int set_limits(struct serve_settings *settings, const struct serve_options *options,
                      struct error *error)
{
    struct server_options *server = &settings->server;
    server->idle_timeout_ns = options->idle_timeout_ns;
    server->max_lifetime_ns = options->max_lifetime_ns;
    server->integration_timeout_ns = options->integration_timeout_ns;
    if (parse_size("--frame-limit", options->frame_limit, 0, &server->frame_limit, error) ||
        parse_size("--message-limit", options->message_limit, MESSAGE_LIMIT_MAX,
                   &server->message_limit, error) ||
        parse_quota("--connect-quota", options->connect_quota, &server->connect_quota, error) ||
        parse_quota("--message-quota", options->message_quota, &server->message_quota, error))
        return -1;
    return 0;
}

static int set_signature(struct server_options *server, const char *region, struct error *error)
{
    if (!region)
        return 0;
    if (!region[0] || region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return error_set(error, "--require-sigv4 '%s': use a Region, as in us-east-1", region);
    server->sigv4_region = text_of(region);
    server->credentials = (struct sigv4_credentials){
        .access_key = text_of(getenv("AWS_ACCESS_KEY_ID")),
        .secret_key = text_of(getenv("AWS_SECRET_ACCESS_KEY")),
        .session_token = text_of(getenv("AWS_SESSION_TOKEN")),
    };
    if (!server->credentials.access_key.length || !server->credentials.secret_key.length)
        return error_set(error, "--require-sigv4: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                                "in the environment, to any test keys");
    return 0;
}

static int set_handshake(struct serve_settings *settings, const struct serve_options *options,
                         struct error *error)
{
    struct server_options *server = &settings->server;
    for (size_t i = 0; i < options->require_header.count; i++)
        if (header_parse(options->require_header.items[i], &settings->required[i], error))
            return error_prefix(error, "--require-header");
    server->required = settings->required;
    server->required_count = options->require_header.count;
    return set_signature(server, options->require_sigv4, error);
}

int serve_settings_make(struct serve_settings *settings, const struct serve_options *options,
                        struct error *error)
{
    *settings = (struct serve_settings){
        .server =
            {
                .tls = options->tls,
                .ca_out = options->ca_out,
                .port_file = options->port_file,
                .seed = random_seed_from_system(),
            },
    };
    buffer_init(&settings->reply, REPLY_FILE_MAX);
    if (options->ca_out && !options->tls)
        return error_set(error, "--ca-out goes with --tls; add it");
    if (parse_listen(settings, options, error) || set_answers(settings, options, error) ||
        set_limits(settings, options, error) || set_handshake(settings, options, error))
        return -1;
    return 0;
}

void serve_settings_free(struct serve_settings *settings)
{
    buffer_free(&settings->reply);
}
