#include "run_target.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/engine/lws_transport.h"

#define SUBPROTOCOLS_MAX 4096

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
    target->server_name = options->sni ? options->sni : target->url.host;
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

static int build_compression(struct run_plan *run, const struct run_options *options,
                             struct error *error)
{
    if (options->compress && !lws_transport_compresses())
        return error_set(error,
                         "--compress: libwebsockets %s cannot; leave it out, or use one that "
                         "was built with extensions",
                         lws_transport_library());
    run->plan.target.compress = options->compress;
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

int run_target_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    if (build_url(run, options, error) || build_subprotocols(run, options, error) ||
        build_compression(run, options, error) || build_routes(run, options, error) ||
        build_sources(run, options, error) || build_tls(run, options, error))
        return -1;
    return 0;
}

bool run_target_is_gateway(const struct target *target)
{
    return fnmatch("*.execute-api.*.amazonaws.com", target->url.host, 0) == 0;
}
