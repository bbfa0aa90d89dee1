#include "wsload/load/identity.h"

#include <stdlib.h>
#include <string.h>

#include "identity_internal.h"

#include "wsload/base/helpers.h"

/* Any time with as many digits as those of a run. */
#define SOME_UNIX_S 2000000000

/* --- What was asked for --- */

static int reserve_items(struct named_list *list, size_t count, struct error *error)
{
    list->items = calloc(count + 1, sizeof(*list->items));
    return list->items ? 0 : error_set(error, "out of memory");
}

static int add_item(struct identity *identity, struct named_list *list, struct text name,
                    struct text value, struct error *error)
{
    struct named_template *item = &list->items[list->count];
    if (template_compile(&item->value, value, &identity->scope, error))
        return -1;
    item->name = name;
    list->count++;
    return 0;
}

static int add_headers(struct identity *identity, const struct identity_setup *setup,
                       struct error *error)
{
    if (reserve_items(&identity->headers, setup->header_count, error))
        return -1;
    for (size_t i = 0; i < setup->header_count; i++) {
        struct header header = setup->headers[i];
        if (add_item(identity, &identity->headers, header.name, header.value, error))
            return error_prefix(error, "--header %.*s", (int)header.name.length, header.name.data);
    }
    return 0;
}

static int add_parameters(struct identity *identity, const struct identity_setup *setup,
                          struct error *error)
{
    if (reserve_items(&identity->parameters, setup->query_count, error))
        return -1;
    for (size_t i = 0; i < setup->query_count; i++) {
        struct text name = {setup->query[i], strcspn(setup->query[i], "=")};
        if (name.length == 0 || name.data[name.length] != '=') /* may be a secret */
            return error_set(error, "--query: number %zu of them is not NAME=VALUE", i + 1);
        if (add_item(identity, &identity->parameters, name, text_of(name.data + name.length + 1),
                     error))
            return error_prefix(error, "--query %.*s", (int)name.length, name.data);
    }
    return 0;
}

static int read_file(struct secret_file **file, const char *path, const struct identity *identity,
                     struct error *error)
{
    if (!path)
        return 0;
    *file = secret_file_new(path, &identity->scope, error);
    return *file ? 0 : -1;
}

static int read_files(struct identity *identity, const struct identity_setup *setup,
                      struct error *error)
{
    if (read_file(&identity->bearer, setup->bearer_file, identity, error))
        return error_prefix(error, "--bearer-file");
    if (read_file(&identity->api_key, setup->api_key_file, identity, error))
        return error_prefix(error, "--api-key-file");
    return 0;
}

static int set_up_signature(struct identity *identity, const struct identity_setup *setup,
                            struct error *error)
{
    if (!setup->sigv4)
        return 0;
    identity->signature = setup->sigv4_in_header ? SIGNED_IN_HEADER : SIGNED_IN_QUERY;
    identity->signed_host = text_of(setup->sigv4_host ? setup->sigv4_host : setup->host_header);
    if (sigv4_parse_scope(setup->sigv4, &identity->sigv4_scope, error))
        return error_prefix(error, "--aws-sigv4");
    if (credentials_find(&identity->credentials, setup->profile, error))
        return error_prefix(error, setup->profile ? "--profile" : "--aws-sigv4");
    return 0;
}

static void split_url(struct identity *identity, const char *path)
{
    size_t length = strcspn(path, "?");
    identity->path = (struct text){path, length};
    identity->query_begun = path[length] == '?';
    identity->query = text_of(path + length + identity->query_begun);
}

static int set_up(struct identity *identity, const struct identity_setup *setup,
                  struct error *error)
{
    const struct users *users = setup->users;
    split_url(identity, setup->url->path);
    identity->origin = setup->origin;
    identity->users = users;
    identity->scope = (struct template_scope){
        .variables = TEMPLATE_CONNECTION_VARIABLES,
        .columns = users ? (const char *const *)users->names : NULL,
        .column_count = users ? users->columns : 0,
        .columns_raw = true,
    };
    if (add_headers(identity, setup, error) || add_parameters(identity, setup, error) ||
        read_files(identity, setup, error))
        return -1;
    return set_up_signature(identity, setup, error);
}

struct identity *identity_new(const struct identity_setup *setup, struct error *error)
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
    free_list(&identity->headers);
    free_list(&identity->parameters);
    secret_file_free(identity->bearer);
    secret_file_free(identity->api_key);
    credentials_free(&identity->credentials);
    free(identity);
}

/* --- One handshake --- */

struct template_values identity_values(const struct identity *identity, uint64_t connection,
                                       uint64_t unix_s)
{
    return (struct template_values){
        .connection = connection + 1,
        .unix_ms = unix_s * 1000,
        .columns = users_row(identity->users, connection),
    };
}

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
    if (buffer_append(query, identity->query.data, identity->query.length))
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
    struct buffer query;
    buffer_init(&query, out->maximum);
    int result = append_query(&query, identity, &values);
    if (result == 0 && identity->signature == SIGNED_IN_QUERY)
        result = sigv4_presign(&query, identity->signed_host, identity->path, SIGV4_EXPIRES_S,
                               &signer);
    if (result == 0)
        result = buffer_printf(out, "%.*s%s%s", (int)identity->path.length, identity->path.data,
                               identity->query_begun || query.length > 0 ? "?" : "",
                               buffer_text(&query).data);
    buffer_free(&query);
    return result;
}

/* The length of the query of VALUES without a signature; SIZE_MAX when memory is out. */
static size_t query_length(const struct identity *identity, const struct template_values *values)
{
    struct buffer query;
    buffer_init(&query, SIZE_MAX);
    size_t length = append_query(&query, identity, values) == 0 ? query.length : SIZE_MAX;
    buffer_free(&query);
    return length;
}

size_t identity_longest_path(const struct identity *identity, uint64_t count)
{
    uint64_t rows = identity->users ? identity->users->rows : 1;
    struct template_values values = identity_values(identity, 0, SOME_UNIX_S);
    size_t first = query_length(identity, &values);
    size_t longest = first;
    for (uint64_t i = 0; i < rows && i < count; i++) {
        values = identity_values(identity, i, SOME_UNIX_S);
        values.connection = count; /* no number has more digits */
        size_t length = query_length(identity, &values);
        longest = u64_max(longest, length);
    }
    struct buffer path;
    buffer_init(&path, SIZE_MAX);
    if (identity_path(identity, 0, SOME_UNIX_S, &path) == 0)
        longest = path.length + (longest - first); /* a signature is as long for all of them */
    else
        longest = SIZE_MAX;
    buffer_free(&path);
    return longest;
}

/* Appends "NAME: PREFIX", the rendered VALUE and CRLF. */
static int append_header(struct buffer *out, struct text name, const char *prefix,
                         const struct template *value, const struct template_values *values)
{
    if (buffer_printf(out, "%.*s: %s", (int)name.length, name.data, prefix) ||
        append_rendered(out, value, values))
        return -1;
    return buffer_append(out, "\r\n", 2);
}

static int append_headers(struct buffer *out, const struct identity *identity,
                          const struct template_values *values)
{
    const struct named_list *headers = &identity->headers;
    if (identity->origin[0] != '\0' && buffer_printf(out, "Origin: %s\r\n", identity->origin))
        return -1;
    for (size_t i = 0; i < headers->count; i++) {
        if (append_header(out, headers->items[i].name, "", &headers->items[i].value, values))
            return -1;
    }
    return 0;
}

static int append_secrets(struct buffer *out, const struct identity *identity,
                          const struct template_values *values)
{
    const struct template_scope *scope = &identity->scope;
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
    struct buffer query;
    buffer_init(&query, SIZE_MAX);
    int result = append_query(&query, identity, values);
    if (result == 0)
        result = sigv4_authorize(out, identity->signed_host, identity->path, buffer_text(&query),
                                 &signer);
    buffer_free(&query);
    return result;
}

int identity_headers(const struct identity *identity, uint64_t connection, uint64_t unix_s,
                     struct buffer *out)
{
    struct template_values values = identity_values(identity, connection, unix_s);
    if (append_headers(out, identity, &values) || append_secrets(out, identity, &values))
        return -1;
    return identity->signature == SIGNED_IN_HEADER
               ? append_signature(out, identity, &values, unix_s)
               : 0;
}
