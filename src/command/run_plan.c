#include "wsload/command/run_plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/file.h"
#include "wsload/base/units.h"
#include "wsload/base/utf8.h"
#include "wsload/command/run_conflicts.h"
#include "wsload/command/run_load.h"
#include "wsload/protocol/gateway.h"

#define TEMPLATE_FILE_MAX (16u * 1024u * 1024u)
#define SUBPROTOCOLS_MAX  4096

#define USER_AGENT "wsload/" WSLOAD_VERSION

static int set_origin(struct run_plan *run, struct text value)
{
    if (value.length >= sizeof(run->origin))
        return -1;
    memcpy(run->origin, value.data, value.length);
    run->origin[value.length] = '\0';
    return 0;
}

/* What may stand in a header may be an origin; the empty text sends none. */
static int build_origin(struct run_plan *run, const char *origin, struct error *error)
{
    char line[sizeof(run->origin) + sizeof("Origin: ")];
    struct header header;
    snprintf(line, sizeof(line), "Origin: %s", origin);
    if (header_parse(line, &header, error))
        return error_prefix(error, "--origin");
    if (strlen(origin) >= sizeof(run->origin))
        return error_set(error, "--origin: too long; at most %zu bytes are allowed",
                         sizeof(run->origin) - 1);
    return set_origin(run, header.value);
}

static int build_url(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct target *target = &run->plan.target;
    if (!options->url)
        return error_set(error,
                         "no URL given; use 'wsload wss://HOST/STAGE [PROMPTS_FILE]', or see "
                         "'wsload --help'");
    if (url_parse(options->url, &target->url, error))
        return -1;
    url_display(&target->url, run->shown_url, sizeof(run->shown_url));
    url_host_header(&target->url, target->host_header);
    url_origin(&target->url, run->origin);
    target->origin = run->origin;
    if (options->origin && build_origin(run, options->origin, error))
        return -1;
    target->server_name = options->sni ? options->sni : target->url.host;
    return 0;
}

static int add_header(struct run_plan *run, struct header header)
{
    struct target *target = &run->plan.target;
    if (header_is(&header, "Host")) {
        if (header.value.length >= sizeof(target->host_header))
            return -1;
        memcpy(target->host_header, header.value.data, header.value.length);
        target->host_header[header.value.length] = '\0';
        return 0;
    }
    if (header_is(&header, "Origin"))
        return set_origin(run, header.value);
    run->headers[target->header_count++] = header;
    return 0;
}

static int build_headers(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    struct target *target = &run->plan.target;
    bool agent_given = false;
    target->headers = run->headers;
    for (size_t i = 0; i < options->headers.count; i++) {
        struct header header;
        if (header_parse(options->headers.items[i], &header, error))
            return error_prefix(error, "--header");
        agent_given = agent_given || header_is(&header, "User-Agent");
        if (add_header(run, header))
            return error_set(error, "--header: the value of Host or Origin is too long");
    }
    if (!agent_given)
        run->headers[target->header_count++] = (struct header){text_of("User-Agent"),
                                                               text_of(USER_AGENT)};
    return 0;
}

static int build_subprotocols(struct run_plan *run, const struct run_options *options,
                              struct error *error)
{
    buffer_init(&run->subprotocols, SUBPROTOCOLS_MAX);
    for (size_t i = 0; i < options->subprotocols.count; i++) {
        const char *name = options->subprotocols.items[i];
        if (!handshake_token_valid(name))
            return error_set(error,
                             "--subprotocol '%s': letters, digits and !#$%%&'*+-.^_`|~ are allowed",
                             name);
        if (buffer_printf(&run->subprotocols, "%s%s", i ? ", " : "", name))
            return error_set(error, "--subprotocol: too long in all");
    }
    run->plan.target.subprotocols = run->subprotocols.data;
    return 0;
}

static int build_routes(struct run_plan *run, const struct run_options *options,
                        struct error *error)
{
    for (size_t i = 0; i < options->resolve.count; i++)
        if (route_parse_resolve(options->resolve.items[i], &run->resolve[i], error))
            return error_prefix(error, "--resolve '%s'", options->resolve.items[i]);
    for (size_t i = 0; i < options->connect_to.count; i++)
        if (route_parse_connect_to(options->connect_to.items[i], &run->connect_to[i], error))
            return error_prefix(error, "--connect-to '%s'", options->connect_to.items[i]);
    run->plan.target.routes = (struct routes){run->connect_to, options->connect_to.count,
                                              run->resolve, options->resolve.count};
    if (options->ipv4 && options->ipv6)
        return error_set(error, "-4 and -6 exclude each other; give one of them");
    run->plan.target.family = options->ipv4   ? FAMILY_IPV4
                              : options->ipv6 ? FAMILY_IPV6
                                              : FAMILY_ANY;
    return 0;
}

static int build_sources(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    char address[SOURCE_TEXT_SIZE];
    struct target *target = &run->plan.target;
    int family = target->family == FAMILY_IPV4   ? AF_INET
                 : target->family == FAMILY_IPV6 ? AF_INET6
                                                 : AF_UNSPEC;
    if (!options->interface)
        return 0;
    if (sources_parse(options->interface, &target->sources, error))
        return error_prefix(error, "--interface '%s'", options->interface);
    if (!sources_pick(&target->sources, 0, family, address))
        return error_set(error, "--interface '%s': no IPv%d address, and -%d asks for one",
                         options->interface, options->ipv4 ? 4 : 6, options->ipv4 ? 4 : 6);
    /* A connection of another family could be bound to none of them. */
    if (!sources_pick(&target->sources, 0, AF_INET6, address))
        target->family = FAMILY_IPV4;
    else if (!sources_pick(&target->sources, 0, AF_INET, address))
        target->family = FAMILY_IPV6;
    return 0;
}

static int check_readable(const char *option, const char *file, struct error *error)
{
    if (!file || access(file, R_OK) == 0)
        return 0;
    return error_set(error, "%s %s: the file cannot be read", option, file);
}

static int build_tls(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct target *target = &run->plan.target;
    if (check_readable("--cacert", options->cacert, error) ||
        check_readable("--cert", options->cert, error) ||
        check_readable("--key", options->key, error))
        return -1;
    if (options->key && !options->cert)
        return error_set(error, "--key goes with --cert; give the certificate as well");
    target->ca_file = options->cacert;
    target->cert_file = options->cert;
    target->key_file = options->key;
    target->insecure = options->insecure;
    if (options->tls_max)
        target->tls_max = strcmp(options->tls_max, "1.2") == 0 ? TLS_1_2 : TLS_1_3;
    target->ciphers = options->ciphers;
    target->tls_resume = options->tls_resume;
    return 0;
}

static int build_template(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    struct text text = text_of(options->template);
    buffer_init(&run->template_text, TEMPLATE_FILE_MAX);
    if (options->template[0] == '@') {
        if (file_read(options->template + 1, &run->template_text, error))
            return error_prefix(error, "--template");
        text = buffer_text(&run->template_text);
        while (text.length > 0 && strchr("\r\n", text.data[text.length - 1]))
            text.length--;
    }
    if (!utf8_valid(text))
        return error_set(error, "--template: not valid UTF-8, and WebSocket text must be");
    if (template_compile(&run->template, text, TEMPLATE_CLIENT_VARIABLES, error))
        return error_prefix(error, "--template");
    run->plan.message = &run->template;
    return 0;
}

static int build_prompts(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    const char *file = options->prompts_file ? options->prompts_file : "prompts.txt";
    size_t bytes;
    if (prompts_load(&run->prompts, file, options->prompt_field, error))
        return -1;
    run->plan.prompts = &run->prompts;
    if (options->allow_oversize)
        return 0;
    const struct prompt *large = plan_first_oversize(&run->plan, GATEWAY_MESSAGE_MAX, &bytes);
    if (!large)
        return 0;
    char size[UNITS_SIZE];
    unsigned numbers = TEMPLATE_ID | TEMPLATE_SEQ | TEMPLATE_TIMESTAMP; /* as long as they can be */
    return error_set(error,
                     "%s: line %zu: a message of %s%s bytes, and API Gateway closes the connection "
                     "over 131,072 (1009); shorten the prompt, or send it with --allow-oversize",
                     file, large->line, template_uses_any(&run->template, numbers) ? "up to " : "",
                     units_format_count(bytes, size));
}

static void build_rules(struct run_plan *run, const struct run_options *options)
{
    for (size_t i = 0; i < options->fail_on.count; i++)
        run->fail_on[i] = text_of(options->fail_on.items[i]);
    run->plan.reply_rules = (struct reply_rules){run->fail_on, options->fail_on.count};
}

/* What is sent; nothing in a run that only holds connections. */
static int build_messages(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    if (options->hold)
        return 0;
    if (build_template(run, options, error) || build_prompts(run, options, error))
        return -1;
    build_rules(run, options);
    return 0;
}

int run_plan_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    if (build_url(run, options, error) || run_conflicts_check(options, error) ||
        build_headers(run, options, error) || build_subprotocols(run, options, error) ||
        build_routes(run, options, error) || build_sources(run, options, error) ||
        build_tls(run, options, error) || build_messages(run, options, error))
        return -1;
    return run_load_build(&run->plan, options, error);
}

void run_plan_free(struct run_plan *run)
{
    prompts_free(&run->prompts);
    template_free(&run->template);
    buffer_free(&run->template_text);
    buffer_free(&run->subprotocols);
}
