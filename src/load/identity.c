#include "wsload/load/identity.h"

#include <stdlib.h>
#include <string.h>

#include "identity_internal.h"
#include "wsload/base/helpers.h"

/* Any time with as many digits as those of a run. */
#define SOME_UNIX_S 2000000000

/* --- What a template is on a connection --- */

struct template_values identity_values(const struct identity *identity, uint64_t connection,
                                       uint64_t unix_s)
{
    return (struct template_values){
        .connection = connection + 1,
        .unix_ms = unix_s * 1000,
        .columns = users_row(identity->users, connection),
    };
}

/* Of users, whose rows go round; connections are alike without them. */
static uint64_t count_rows(const struct identity *identity)
{
    return identity->users ? identity->users->rows : 1;
}

static int append_rendered(struct buffer *out, const struct template *template,
                           const struct template_values *values)
{
    struct buffer text;
    buffer_init(&text, SIZE_MAX);
    int result = buffer_reserve(&text, template_bound(template, values));
    if (result == 0) {
        size_t length = template_render(template, values, text.data);
        result = buffer_append(out, text.data, length);
    }
    buffer_free(&text);
    return result;
}

/* --- What was asked for --- */

/* Adds NAME with its template VALUE, given with OPTION. */
static int add_item(struct identity *identity, struct named_list *list, const char *option,
                    struct header given, struct error *error)
{
    struct named_template *item = &list->items[list->count];
    if (template_compile(&item->value, given.value, &identity->scope, error))
        return error_prefix(error, "%s %.*s", option, TEXT_ARGS(given.name));
    item->name = given.name;
    list->count++;
    return 0;
}

static int add_items(struct identity *identity, const struct identity_config *setup,
                     struct error *error)
{
    const struct header origin = {TEXT("Origin"), text_of(setup->origin)};
    identity->headers.items = calloc(setup->header_count + 1, sizeof(struct named_template));
    identity->parameters.items = calloc(setup->query_count + 1, sizeof(struct named_template));
    if (!identity->headers.items || !identity->parameters.items)
        return error_set(error, "out of memory");
    if (template_compile(&identity->host, text_of(setup->host_header), &identity->scope, error))
        return error_prefix(error, "--header Host");
    if (origin.value.length > 0 &&
        add_item(identity, &identity->headers, "--origin or --header", origin, error))
        return -1;
    for (size_t i = 0; i < setup->header_count; i++) {
        if (add_item(identity, &identity->headers, "--header", setup->headers[i], error))
            return -1;
    }
    for (size_t i = 0; i < setup->query_count; i++) {
        struct header parameter = {.value = text_of(setup->query[i])};
        parameter.name = text_cut(&parameter.value, '=');
        if (parameter.name.length == 0 || !strchr(setup->query[i], '=')) /* may be a secret */
            return error_set(error, "--query: number %zu of them is not NAME=VALUE", i + 1);
        if (add_item(identity, &identity->parameters, "--query", parameter, error))
            return -1;
    }
    return 0;
}

/* RFC 6455 section 4.1 wants a Host, and libraries send "(null)" for none. */
static int check_hosts(const struct identity *identity, struct error *error)
{
    uint64_t rows = count_rows(identity);
    struct buffer host;
    buffer_init(&host, SIZE_MAX);
    int status = 0;
    for (uint64_t i = 0; i < rows && status == 0; i++) {
        struct template_values values = identity_values(identity, i, SOME_UNIX_S);
        buffer_clear(&host);
        if (append_rendered(&host, &identity->host, &values))
            status = error_set(error, "out of memory");
        else if (host.length == 0)
            status = error_set(error,
                               "--header Host: it is empty%s, and a WebSocket handshake needs one "
                               "(RFC 6455 section 4.1); leave it out for that of the URL",
                               identity->users ? " for a row of --users" : "");
    }
    buffer_free(&host);
    return status;
}

static int read_files(struct identity *identity, const struct identity_config *setup,
                      struct error *error)
{
    const struct {
        const char *option;
        const char *path;
        struct secret_file **file;
    } files[] = {{"--bearer-file", setup->bearer_file, &identity->bearer},
                 {"--api-key-file", setup->api_key_file, &identity->api_key}};
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        if (files[i].path &&
            !(*files[i].file = secret_file_new(files[i].path, &identity->scope, error)))
            return error_prefix(error, "%s", files[i].option);
    }
    return 0;
}

static int set_up_signature(struct identity *identity, const struct identity_config *setup,
                            struct error *error)
{
    if (!setup->sigv4)
        return 0;
    identity->signature = setup->sigv4_in_header ? SIGNED_IN_HEADER : SIGNED_IN_QUERY;
    identity->signed_host = setup->sigv4_host;
    if (sigv4_parse_scope(setup->sigv4, &identity->sigv4_scope, error))
        return error_prefix(error, "--aws-sigv4");
    if (credentials_find(&identity->credentials, setup->profile, error))
        return error_prefix(error, setup->profile ? "--profile" : "--aws-sigv4");
    return 0;
}

static int set_up(struct identity *identity, const struct identity_config *setup,
                  struct error *error)
{
    const struct users *users = setup->users;
    identity->query = text_of(setup->url->path);
    identity->path = text_cut(&identity->query, '?');
    identity->query_begun = strchr(setup->url->path, '?');
    identity->users = users;
    identity->scope = (struct template_scope){
        .variables = TEMPLATE_CONNECTION_VARIABLES,
        .columns = users ? (const char *const *)users->names : NULL,
        .column_count = users ? users->columns : 0,
        .columns_raw = true,
    };
    return add_items(identity, setup, error) || check_hosts(identity, error) ||
                   read_files(identity, setup, error) || set_up_signature(identity, setup, error)
               ? -1
               : 0;
}

struct identity *identity_new(const struct identity_config *setup, struct error *error)
{
    struct identity *identity = calloc(1, sizeof(*identity));
    if (!identity) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (set_up(identity, setup, error) == 0)
        return identity;
    identity_free(identity);
    return NULL;
}

static bool uses_columns(const struct template *template)
{
    return template->variables & (TEMPLATE_COLUMN | TEMPLATE_COLUMN_RAW);
}

static bool list_uses_users(const struct named_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (uses_columns(&list->items[i].value))
            return true;
    return false;
}

static bool file_uses_users(const struct identity *identity, struct secret_file *file)
{
    return file && uses_columns(secret_file_now(file, &identity->scope));
}

bool identity_uses_users(const struct identity *identity)
{
    return uses_columns(&identity->host) || list_uses_users(&identity->headers) ||
           list_uses_users(&identity->parameters) || file_uses_users(identity, identity->bearer) ||
           file_uses_users(identity, identity->api_key);
}

static void free_list(struct named_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        template_free(&list->items[i].value);
    free(list->items);
}

void identity_free(struct identity *identity)
{
    if (!identity)
        return;
    template_free(&identity->host);
    free_list(&identity->headers);
    free_list(&identity->parameters);
    secret_file_free(identity->bearer);
    secret_file_free(identity->api_key);
    credentials_free(&identity->credentials);
    free(identity);
}

/* --- One handshake --- */

static struct sigv4_signer signer_of(const struct identity *identity, uint64_t unix_s)
{
    return (struct sigv4_signer){
        .scope = identity->sigv4_scope,
        .credentials = {text_of(identity->credentials.access_key),
                        text_of(identity->credentials.secret_key),
                        text_of(identity->credentials.session_token)},
        .unix_s = unix_s,
    };
}

/* Appends "NAME: PREFIX", the rendered VALUE and CRLF. */
static int append_header(struct buffer *out, struct text name, const char *prefix,
                         const struct template *value, const struct template_values *values)
{
    if (buffer_printf(out, "%.*s: %s", TEXT_ARGS(name), prefix) ||
        append_rendered(out, value, values))
        return -1;
    return buffer_append(out, "\r\n", 2);
}

static int append_signed_host(struct buffer *out, const struct identity *identity,
                              const struct template_values *values)
{
    return identity->signed_host ? buffer_append_text(out, text_of(identity->signed_host))
                                 : append_rendered(out, &identity->host, values);
}

static int append_parameter(struct buffer *query, const struct named_template *parameter,
                            const struct template_values *values)
{
    int result = -1;
    struct buffer value;
    buffer_init(&value, SIZE_MAX);
    if (append_rendered(&value, &parameter->value, values) == 0 &&
        buffer_append(query, "&", query->length > 0 ? 1 : 0) == 0 &&
        sigv4_encode(query, parameter->name, false) == 0 && buffer_append(query, "=", 1) == 0)
        result = sigv4_encode(query, buffer_text(&value), false);
    buffer_free(&value);
    return result;
}

/* Appends the query without a signature: the URL's own as it is, then what was added to it. */
static int append_query(struct buffer *query, const struct identity *identity,
                        const struct template_values *values)
{
    if (buffer_append_text(query, identity->query))
        return -1;
    for (size_t i = 0; i < identity->parameters.count; i++) {
        if (append_parameter(query, &identity->parameters.items[i], values))
            return -1;
    }
    return 0;
}

int identity_path(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                  struct buffer *out)
{
    struct template_values values = identity_values(identity, connection, unix_s);
    struct sigv4_signer signer = signer_of(identity, unix_s);
    struct buffer host;
    struct buffer query;
    buffer_init(&host, SIZE_MAX);
    buffer_init(&query, out->maximum);
    int result = append_query(&query, identity, &values);
    if (result == 0 && identity->signature == SIGNED_IN_QUERY)
        result = append_signed_host(&host, identity, &values) ||
                         sigv4_presign(&query, buffer_text(&host), identity->path, SIGV4_EXPIRES_S,
                                       &signer)
                     ? -1
                     : 0;
    if (result == 0)
        result = buffer_printf(out, "%.*s%s%s", TEXT_ARGS(identity->path),
                               identity->query_begun || query.length > 0 ? "?" : "",
                               buffer_text(&query).data);
    buffer_free(&query);
    buffer_free(&host);
    return result;
}

int identity_request(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                     struct buffer *out)
{
    struct template_values values = identity_values(identity, connection, unix_s);
    if (buffer_printf(out, "GET ") || identity_path(identity, connection, unix_s, out) ||
        buffer_printf(out, " HTTP/1.1\r\n"))
        return -1;
    return append_header(out, TEXT("Host"), "", &identity->host, &values);
}

static int append_headers(struct buffer *out, const struct identity *identity,
                          const struct template_values *values)
{
    const struct template_scope *scope = &identity->scope;
    for (size_t i = 0; i < identity->headers.count; i++) {
        const struct named_template *header = &identity->headers.items[i];
        if (append_header(out, header->name, "", &header->value, values))
            return -1;
    }
    if (identity->bearer && append_header(out, TEXT("Authorization"), "Bearer ",
                                          secret_file_now(identity->bearer, scope), values))
        return -1;
    if (identity->api_key && append_header(out, TEXT("x-api-key"), "",
                                           secret_file_now(identity->api_key, scope), values))
        return -1;
    return 0;
}

static int append_signature(struct buffer *out, const struct identity *identity,
                            const struct template_values *values, uint64_t unix_s)
{
    struct sigv4_signer signer = signer_of(identity, unix_s);
    struct buffer host;
    struct buffer query;
    buffer_init(&host, SIZE_MAX);
    buffer_init(&query, SIZE_MAX);
    int result = append_query(&query, identity, values) ||
                         append_signed_host(&host, identity, values) ||
                         sigv4_authorize(out, buffer_text(&host), identity->path,
                                         buffer_text(&query), &signer)
                     ? -1
                     : 0;
    buffer_free(&query);
    buffer_free(&host);
    return result;
}

int identity_headers(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                     struct buffer *out)
{
    struct template_values values = identity_values(identity, connection, unix_s);
    if (append_headers(out, identity, &values))
        return -1;
    return identity->signature == SIGNED_IN_HEADER
               ? append_signature(out, identity, &values, unix_s)
               : 0;
}

/* --- The longest --- */

/* What is as long for all, and signs, is left out of these two. Bytes; SIZE_MAX when memory is
 * out. */

static size_t query_length(const struct identity *identity, const struct template_values *values)
{
    struct buffer query;
    buffer_init(&query, SIZE_MAX);
    size_t length = append_query(&query, identity, values) == 0 ? query.length : SIZE_MAX;
    buffer_free(&query);
    return length;
}

static size_t lines_length(const struct identity *identity, const struct template_values *values)
{
    struct buffer lines;
    buffer_init(&lines, SIZE_MAX);
    bool whole = append_query(&lines, identity, values) == 0 &&
                 append_header(&lines, TEXT("Host"), "", &identity->host, values) == 0 &&
                 append_headers(&lines, identity, values) == 0;
    size_t length = whole ? lines.length : SIZE_MAX;
    buffer_free(&lines);
    return length;
}

/* How much more the longest of COUNT connections has than the first. */
static size_t longest_more(const struct identity *identity, uint64_t count,
                           size_t (*length)(const struct identity *,
                                            const struct template_values *))
{
    uint64_t rows = count_rows(identity);
    struct template_values values = identity_values(identity, 0, SOME_UNIX_S);
    size_t first = length(identity, &values);
    size_t longest = first;
    for (uint64_t i = 0; i < rows && i < count; i++) {
        values = identity_values(identity, i, SOME_UNIX_S);
        values.connection = count; /* no number has more digits */
        longest = u64_max(longest, length(identity, &values));
    }
    return longest - first;
}

size_t identity_longest_path(const struct identity *identity, uint64_t count)
{
    struct buffer path;
    buffer_init(&path, SIZE_MAX);
    size_t longest = SIZE_MAX;
    if (identity_path(identity, 0, SOME_UNIX_S, &path) == 0)
        longest = path.length + longest_more(identity, count, query_length);
    buffer_free(&path);
    return longest;
}

size_t identity_longest_request(const struct identity *identity, uint64_t count)
{
    struct buffer lines;
    buffer_init(&lines, SIZE_MAX);
    size_t longest = SIZE_MAX;
    if (identity_request(identity, 0, SOME_UNIX_S, &lines) == 0 &&
        identity_headers(identity, 0, SOME_UNIX_S, &lines) == 0)
        longest = lines.length + longest_more(identity, count, lines_length);
    buffer_free(&lines);
    return longest;
}
