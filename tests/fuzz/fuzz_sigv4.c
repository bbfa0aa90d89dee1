/* What a signature is made of: the first line is a scope, the second a path, the third a query, the
 * rest the value of a header. Ways to write the same request sign the same. */
#include "fuzz.h"

#include "wsload/protocol/sigv4.h"

static struct text take_line(struct text *rest)
{
    const char *end = rest->length > 0 ? memchr(rest->data, '\n', rest->length) : NULL;
    struct text line = {rest->data, end == NULL ? rest->length : (size_t)(end - rest->data)};
    size_t used = end == NULL ? line.length : line.length + 1;

    *rest = (struct text){rest->data + used, rest->length - used};
    return line;
}

static void check_scope(const char *text)
{
    struct sigv4_scope scope;
    struct error error = {""};

    if (sigv4_parse_scope(text, &scope, &error) == 0)
        REQUIRE(scope.region.length > 0 && scope.service.length > 0 &&
                scope.service.data == scope.region.data + scope.region.length + 1 &&
                scope.service.data + scope.service.length == text + strlen(text));
    else
        REQUIRE(error.text[0] != '\0');
}

static void sign(struct text path, struct text query, struct text value, char *signature)
{
    static const struct sigv4_scope scope = {{"us-east-1", 9}, {"execute-api", 11}};
    static const struct sigv4_credentials credentials = {{"AKID", 4}, {"key", 3}, {"", 0}};
    struct header headers[] = {{{"Host", 4}, {"example.com", 11}}, {{"X-Value", 7}, value}};
    struct sigv4_request request = {
        .method = {"GET", 3}, .path = path, .query = query, .headers = headers, .header_count = 2};

    REQUIRE(sigv4_sign(&request, &scope, &credentials, "20150830T123600Z", signature) == 0);
    REQUIRE(strspn(signature, "0123456789abcdef") == SIGV4_SIGNATURE_SIZE - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {size > 0 ? (const char *)data : "", size};
    struct text scope = take_line(&rest);
    struct text path = take_line(&rest);
    struct text query = take_line(&rest);
    char *scope_text = fuzz_string("", (const uint8_t *)scope.data, scope.length, "");
    char *more_path = fuzz_string("/./", (const uint8_t *)path.data, path.length, "");
    char *more_query = fuzz_string("&", (const uint8_t *)query.data, query.length, "&&");
    char signature[SIGV4_SIGNATURE_SIZE];
    char other[SIGV4_SIGNATURE_SIZE];

    check_scope(scope_text);
    path.length = strlen(more_path) - strlen("/./"); /* a NUL ends it */
    query.length = strlen(more_query) - strlen("&&&");
    sign(path, query, rest, signature);
    sign(text_of(more_path), text_of(more_query), rest, other);
    REQUIRE(strcmp(signature, other) == 0);
    free(scope_text);
    free(more_path);
    free(more_query);
    return 0;
}
