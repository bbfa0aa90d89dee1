#include "run_identity.h"

#include <stdio.h>
#include <string.h>

#include "run_sigv4.h"
#include "run_target.h"
#include "wsload/base/units.h"
#include "wsload/protocol/gateway.h"

#define USER_AGENT "wsload/" WSLOAD_VERSION

static int build_users(struct run_plan *run, const struct run_options *options, struct error *error)
{
    if (!options->users)
        return 0;
    if (users_load(&run->users, options->users, error))
        return error_prefix(error, "--users");
    run->plan.users = &run->users;
    return 0;
}

static int set_origin(struct run_plan *run, struct text value)
{
    if (value.length >= sizeof(run->origin))
        return -1;
    memcpy(run->origin, value.data, value.length);
    run->origin[value.length] = '\0';
    return 0;
}

/* That of the URL unless another is given. What may stand in a header may be an origin; the empty
 * text sends none. */
static int build_origin(struct run_plan *run, const struct run_options *options,
                        struct error *error)
{
    const char *origin = options->origin;
    char line[sizeof(run->origin) + sizeof("Origin: ")];
    struct header header;
    url_origin(&run->plan.target.url, run->origin);
    if (!origin)
        return 0;
    snprintf(line, sizeof(line), "Origin: %s", origin);
    if (header_parse(line, &header, error))
        return error_prefix(error, "--origin");
    if (strlen(origin) >= sizeof(run->origin))
        return error_set(error, "--origin: too long; at most %zu bytes are allowed",
                         sizeof(run->origin) - 1);
    return set_origin(run, header.value);
}

static bool signs_in_header(const struct run_options *options)
{
    return options->aws_sigv4 && options->sigv4_in && strcmp(options->sigv4_in, "header") == 0;
}

/* Headers that other options make must not be given as well. */
static int check_made_once(const struct header *header, const struct run_options *options,
                           struct error *error)
{
    const struct {
        const char *name;
        const char *option;
        bool given;
    } makers[] = {
        {"Authorization", "--bearer-file", options->bearer_file != NULL},
        {"Authorization", "--sigv4-in header", signs_in_header(options)},
        {"x-api-key", "--api-key-file", options->api_key_file != NULL},
    };
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++)
        if (makers[i].given && header_is(header, makers[i].name))
            return error_set(error,
                             "--header: %s makes the header %s as well; leave out one of them",
                             makers[i].option, makers[i].name);
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
        run->headers[run->header_count++] = (struct header){text_of("User-Agent"),
                                                            text_of(USER_AGENT)};
    return 0;
}

int run_identity_build(struct run_plan *run, const struct run_options *options, struct error *error)
{
    struct target *target = &run->plan.target;
    if (build_users(run, options, error) || build_origin(run, options, error) ||
        build_headers(run, options, error) || run_sigv4_check(options, target->host_header, error))
        return -1;
    const struct identity_setup setup = {
        .url = &target->url,
        .host_header = target->host_header,
        .origin = run->origin,
        .headers = run->headers,
        .header_count = run->header_count,
        .query = options->query.items,
        .query_count = options->query.count,
        .bearer_file = options->bearer_file,
        .api_key_file = options->api_key_file,
        .users = run->plan.users,
        .sigv4 = options->aws_sigv4,
        .sigv4_in_header = signs_in_header(options),
        .sigv4_host = options->sigv4_host,
        .profile = options->profile,
    };
    run->identity = identity_new(&setup, error);
    target->identity = run->identity;
    return run->identity ? 0 : -1;
}

int run_identity_check_paths(const struct run_plan *run, struct error *error)
{
    char longest_text[UNITS_SIZE];
    char limit_text[UNITS_SIZE];
    bool gateway = run_target_is_gateway(&run->plan.target);
    size_t limit = gateway ? GATEWAY_URL_MAX : URL_PATH_SIZE;
    size_t longest = identity_longest_path(run->identity, run->plan.connections);
    if (longest <= limit)
        return 0;
    return error_set(error,
                     "the URL's path and query have up to %s characters with all that is added, "
                     "and %s takes %s; shorten --query, or sign with --sigv4-in header",
                     units_format_count(longest, longest_text), gateway ? "API Gateway" : "wsload",
                     units_format_count(limit, limit_text));
}
