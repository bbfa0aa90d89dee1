#include "run_build.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wsload/base/helpers.h"
#include "wsload/engine/lws_transport.h"
#include "wsload/protocol/gateway.h"

#define SUBPROTOCOLS_MAX 4096
#define USER_AGENT       "wsload/" WSLOAD_VERSION

/* --- Where they go, and how --- */

static int build_url(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct target *target = &run->plan.target;
    if (!options->url)
        return error_set(error,
                         "no URL given; use 'wsload wss://HOST/STAGE [PROMPTS_FILE]', or see "
                         "'wsload --help'");
    if (url_parse(options->url, &target->url, error))
        return -1;
    url_display(&target->url, run->plan.load.url, sizeof(run->plan.load.url));
    url_host_header(&target->url, run->host_header);
    if (!target->server_name)
        target->server_name = target->url.host;
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

static int check_compression(const struct target *target, struct error *error)
{
    if (!target->compress || lws_transport_compresses())
        return 0;
    return error_set(error,
                     "--compress: libwebsockets %s cannot; leave it out, or use one that was built "
                     "with extensions",
                     lws_transport_library());
}

/* A rule for another host or port is most often one with a typing error. */
static int check_routes(const struct target *target, struct error *error)
{
    struct route route;
    const char *option = route_left_out(&target->routes, target->url.host, target->url.port,
                                        &route);
    if (!option)
        return 0;
    return error_set(error,
                     "%s: it is for another host or port than %s:%u, which is connected to; "
                     "correct it, or leave it out",
                     option, route.host, (unsigned)route.port);
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
    if (check_routes(&run->plan.target, error))
        return -1;
    if (options->ipv4 && options->ipv6)
        return error_set(error, "-4 and -6 exclude each other; give one of them");
    if (options->ipv4 || options->ipv6)
        run->plan.target.family = options->ipv4 ? FAMILY_IPV4 : FAMILY_IPV6;
    return 0;
}

static int build_sources(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    char address[SOURCE_TEXT_SIZE];
    struct target *target = &run->plan.target;
    int family = AF_UNSPEC;
    if (target->family != FAMILY_ANY)
        family = target->family == FAMILY_IPV4 ? AF_INET : AF_INET6;
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

static int build_tls(struct target *target, const char *tls_max, struct error *error)
{
    if (check_readable("--cacert", target->ca_file, error) ||
        check_readable("--cert", target->cert_file, error) ||
        check_readable("--key", target->key_file, error))
        return -1;
    if (target->server_name && !target->server_name[0])
        return error_set(error, "--sni '': the name is missing; leave it out for the URL's host");
    if (target->ciphers && !target->ciphers[0])
        return error_set(error, "--ciphers '': the list is missing; leave it out for the default");
    if (target->key_file && !target->cert_file)
        return error_set(error, "--key goes with --cert; give the certificate as well");
    if (tls_max)
        target->tls_max = strcmp(tls_max, "1.2") == 0 ? TLS_1_2 : TLS_1_3;
    return 0;
}

/* --- Who connections say they are --- */

/* Copies TEXT as a string; -1 when it does not fit. */
static int copy_text(struct text text, char *out, size_t size)
{
    int length = snprintf(out, size, "%.*s", (int)text.length, text.data);
    return length < (int)size ? 0 : -1;
}

/* That of the URL unless another is given. What may stand in a header may be an origin; the empty
 * text sends none. */
static int build_origin(struct run_plan *run, const struct run_options *options,
                        struct error *error)
{
    char *origin = run->plan.load.origin;
    size_t size = sizeof(run->plan.load.origin);
    char line[sizeof(run->plan.load.origin) + sizeof("Origin: ")];
    struct header header;
    url_origin(&run->plan.target.url, origin);
    if (!options->origin)
        return 0;
    snprintf(line, sizeof(line), "Origin: %s", options->origin);
    if (header_parse(line, &header, error))
        return error_prefix(error, "--origin");
    if (strlen(options->origin) >= size)
        return error_set(error, "--origin: too long; at most %zu bytes are allowed", size - 1);
    return copy_text(header.value, origin, size);
}

static bool signs_in_header(const struct run_options *options)
{
    return options->identity.sigv4 && options->sigv4_in && strcmp(options->sigv4_in, "header") == 0;
}

/* Headers that other options make must not be given as well. */
static int check_made_once(const struct header *header, const struct run_options *options,
                           struct error *error)
{
    const char *maker = NULL;
    bool key = header_is(header, "x-api-key");
    if (key && options->identity.api_key_file)
        maker = "--api-key-file";
    else if (header_is(header, "Authorization") && options->identity.bearer_file)
        maker = "--bearer-file";
    else if (header_is(header, "Authorization") && signs_in_header(options))
        maker = "--sigv4-in header";
    if (!maker)
        return 0;
    return error_set(error, "--header: %s makes the header %s as well; leave out one of them",
                     maker, key ? "x-api-key" : "Authorization");
}

static int add_header(struct run_plan *run, struct header header)
{
    struct load *load = &run->plan.load;
    if (header_is(&header, "Host"))
        return copy_text(header.value, run->host_header, sizeof(run->host_header));
    if (header_is(&header, "Origin"))
        return copy_text(header.value, load->origin, sizeof(load->origin));
    run->headers[run->header_count++] = header;
    return 0;
}

static int build_headers(struct run_plan *run, const struct run_options *options,
                         struct error *error)
{
    bool agent_given = false;
    for (size_t i = 0; i < options->headers.count; i++) {
        struct header header;
        if (header_parse(options->headers.items[i], &header, error))
            return error_prefix(error, "--header");
        if (check_made_once(&header, options, error))
            return -1;
        agent_given = agent_given || header_is(&header, "User-Agent");
        if (add_header(run, header))
            return error_set(error, "--header: the value of Host or Origin is too long");
    }
    if (!agent_given)
        run->headers[run->header_count++] = (struct header){TEXT("User-Agent"), TEXT(USER_AGENT)};
    return 0;
}

/* --- The signature --- */

static int check_scope(const char *text, struct sigv4_scope *scope, struct error *error)
{
    if (sigv4_parse_scope(text, scope, error))
        return error_prefix(error, "--aws-sigv4");
    if (!text_equal(scope->service, TEXT("execute-api")))
        return error_set(error,
                         "--aws-sigv4 '%s': the service of API Gateway is execute-api, as in "
                         "eu-west-1:execute-api",
                         text);
    size_t good = strspn(scope->region.data, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (good < scope->region.length)
        return error_set(error,
                         "--aws-sigv4 '%s': in a region only a to z, 0 to 9 and '-' are allowed, "
                         "as in eu-west-1:execute-api",
                         text);
    return 0;
}

/* HOST or HOST:PORT, as a URL may have it. */
static int check_host(const char *host, struct error *error)
{
    char text[URL_ORIGIN_SIZE + sizeof("wss://")];
    struct url url;
    struct error unused;
    int length = snprintf(text, sizeof(text), "wss://%s", host);
    if (length < (int)sizeof(text) && !strpbrk(host, "/?#@") && url_parse(text, &url, &unused) == 0)
        return 0;
    return error_set(error,
                     "--sigv4-host '%s': no host; write it as in "
                     "a1b2c3.execute-api.eu-west-1.amazonaws.com",
                     host);
}

/* The region that HOST, of API Gateway's own, is in; empty for any other. */
static struct text region_of(const char *host)
{
    const char *service = strstr(host, ".execute-api.");
    const char *region = service ? service + strlen(".execute-api.") : "";
    size_t length = strcspn(region, ".");
    bool amazon = text_begins(text_of(region + length), ".amazonaws.com");
    return (struct text){region, amazon ? length : 0};
}

/* API Gateway answers mistakes in what --aws-sigv4 is given with with 403 for every connection: the
 * scope, and the host to be signed, which is HOST_HEADER unless --sigv4-host is given. */
static int check_sigv4(const struct run_options *options, const char *host_header,
                       struct error *error)
{
    struct sigv4_scope scope;
    const char *host = options->identity.sigv4_host ? options->identity.sigv4_host : host_header;
    if (!options->identity.sigv4)
        return 0;
    if (check_scope(options->identity.sigv4, &scope, error) ||
        (options->identity.sigv4_host && check_host(host, error)))
        return -1;
    struct text region = region_of(host);
    if (region.length == 0 || text_equal(region, scope.region))
        return 0;
    return error_set(error, "--aws-sigv4 '%s': %s is in the region %.*s; sign for that one",
                     options->identity.sigv4, host, (int)region.length, region.data);
}

static int build_identity(struct run_plan *run, const struct run_options *options,
                          struct error *error)
{
    struct target *target = &run->plan.target;
    if (options->users && users_load(&run->users, options->users, error))
        return error_prefix(error, "--users");
    run->plan.users = options->users ? &run->users : NULL;
    if (build_origin(run, options, error) || build_headers(run, options, error) ||
        check_sigv4(options, run->host_header, error))
        return -1;
    struct identity_config setup = options->identity;
    setup.url = &target->url;
    setup.host_header = run->host_header;
    setup.origin = run->plan.load.origin;
    setup.headers = run->headers;
    setup.header_count = run->header_count;
    setup.query = options->query.items;
    setup.query_count = options->query.count;
    setup.users = run->plan.users;
    setup.sigv4_in_header = signs_in_header(options);
    run->identity = identity_new(&setup, error);
    target->identity = run->identity;
    return run->identity ? 0 : -1;
}

/* --- All --- */

int run_target_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct target *target = &run->plan.target;
    if (build_url(run, options, error) || build_subprotocols(run, options, error) ||
        check_compression(target, error) || build_routes(run, options, error) ||
        build_sources(run, options, error) || build_tls(target, options->tls_max, error) ||
        build_identity(run, options, error))
        return -1;
    return 0;
}

bool run_target_is_gateway(const struct target *target)
{
    char host[URL_HOST_SIZE];
    return fnmatch("*.execute-api.*.amazonaws.com", host_plain(target->url.host, host), 0) == 0;
}

static int check_request(const struct run_plan *run, struct error *error)
{
    char longest_text[UNITS_SIZE];
    char limit_text[UNITS_SIZE];
    size_t limit = lws_transport_request_max(&run->plan.target);
    size_t longest = identity_longest_request(run->identity, run->plan.load.connections);
    if (longest <= limit)
        return 0;
    return error_set(error,
                     "the handshake's request line and headers have up to %s bytes, and wsload "
                     "sends at most %s; shorten --header, --query, or what stands in the files of "
                     "tokens, keys and users",
                     units_format_count(longest, longest_text),
                     units_format_count(limit, limit_text));
}

int run_target_check_lengths(const struct run_plan *run, struct error *error)
{
    char longest_text[UNITS_SIZE];
    char limit_text[UNITS_SIZE];
    bool gateway = run_target_is_gateway(&run->plan.target);
    size_t limit = gateway ? GATEWAY_URL_MAX : URL_PATH_SIZE;
    size_t longest = identity_longest_path(run->identity, run->plan.load.connections);
    if (longest <= limit)
        return check_request(run, error);
    return error_set(error,
                     "the URL's path and query have up to %s characters with all that is added, "
                     "and %s takes %s; shorten --query, or sign with --sigv4-in header",
                     units_format_count(longest, longest_text), gateway ? "API Gateway" : "wsload",
                     units_format_count(limit, limit_text));
}
