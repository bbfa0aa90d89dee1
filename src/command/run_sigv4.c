#include "run_sigv4.h"

#include <stdio.h>
#include <string.h>

#include "wsload/protocol/sigv4.h"
#include "wsload/protocol/url.h"

#define SERVICE ".execute-api."
#define DOMAIN  ".amazonaws.com"

static bool is_region(struct text region)
{
    for (size_t i = 0; i < region.length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", region.data[i]))
            return false;
    return region.length > 0;
}

static int check_scope(const char *text, struct sigv4_scope *scope, struct error *error)
{
    if (sigv4_parse_scope(text, scope, error))
        return error_prefix(error, "--aws-sigv4");
    if (!text_equal(scope->service, text_of("execute-api")))
        return error_set(error,
                         "--aws-sigv4 '%s': the service of API Gateway is execute-api, as in "
                         "eu-west-1:execute-api",
                         text);
    if (!is_region(scope->region))
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
    const char *service = strstr(host, SERVICE);
    const char *region = service ? service + strlen(SERVICE) : "";
    size_t length = strcspn(region, ".");
    if (strncmp(region + length, DOMAIN, strlen(DOMAIN)) != 0)
        length = 0;
    return (struct text){region, length};
}

int run_sigv4_check(const struct run_options *options, const char *host_header, struct error *error)
{
    struct sigv4_scope scope;
    const char *host = options->sigv4_host ? options->sigv4_host : host_header;
    if (!options->aws_sigv4)
        return 0;
    if (check_scope(options->aws_sigv4, &scope, error) ||
        (options->sigv4_host && check_host(host, error)))
        return -1;
    struct text region = region_of(host);
    if (region.length == 0 || text_equal(region, scope.region))
        return 0;
    return error_set(error, "--aws-sigv4 '%s': %s is in the region %.*s; sign for that one",
                     options->aws_sigv4, host, (int)region.length, region.data);
}
