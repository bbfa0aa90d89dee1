/* Signs what it is told, for test_sigv4.py: a JSON object on each line of standard input, and one
 * with the result on each line of standard output.
 *
 *   region, service, access_key, secret_key, session_token
 *   do "sign"        method, path, query, headers [[NAME, VALUE], ...], body, date: {"signature"}
 *   do "presign"     host, path, query, expires_s, unix_s: {"query"}
 *   do "authorize"   host, path, query, unix_s: {"headers"} */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/sigv4.h"

#define HEADERS_MAX 16
#define RESULT_MAX  65536

static struct text member(const cJSON *object, const char *name)
{
    return text_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static uint64_t number(const cJSON *object, const char *name)
{
    return (uint64_t)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static struct sigv4_signer signer_of(const cJSON *task)
{
    return (struct sigv4_signer){
        .scope = {member(task, "region"), member(task, "service")},
        .credentials = {member(task, "access_key"), member(task, "secret_key"),
                        member(task, "session_token")},
    };
}

static int sign(const cJSON *task, struct buffer *out)
{
    struct sigv4_signer signer = signer_of(task);
    struct header headers[HEADERS_MAX];
    struct sigv4_request request = {
        .method = member(task, "method"),
        .path = member(task, "path"),
        .query = member(task, "query"),
        .headers = headers,
        .body = member(task, "body"),
    };
    char signature[SIGV4_SIGNATURE_SIZE];
    const cJSON *pair;

    cJSON_ArrayForEach(pair, cJSON_GetObjectItemCaseSensitive(task, "headers"))
    {
        if (request.header_count == HEADERS_MAX)
            return -1;
        headers[request.header_count++] = (struct header){
            text_of(cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0))),
            text_of(cJSON_GetStringValue(cJSON_GetArrayItem(pair, 1)))};
    }
    if (sigv4_sign(&request, &signer.scope, &signer.credentials, member(task, "date").data,
                   signature) != 0)
        return -1;
    return buffer_append(out, signature, strlen(signature));
}

static int presign(const cJSON *task, struct buffer *out)
{
    struct sigv4_signer signer = signer_of(task);
    struct text query = member(task, "query");

    signer.unix_s = number(task, "unix_s");
    if (buffer_append(out, query.data, query.length) != 0)
        return -1;
    return sigv4_presign(out, member(task, "host"), member(task, "path"), number(task, "expires_s"),
                         &signer);
}

static int authorize(const cJSON *task, struct buffer *out)
{
    struct sigv4_signer signer = signer_of(task);

    signer.unix_s = number(task, "unix_s");
    return sigv4_authorize(out, member(task, "host"), member(task, "path"), member(task, "query"),
                           &signer);
}

static int perform(const cJSON *task)
{
    static const struct {
        const char *name;
        const char *result;
        int (*perform)(const cJSON *task, struct buffer *out);
    } verbs[] = {
        {"sign", "signature", sign},
        {"presign", "query", presign},
        {"authorize", "headers", authorize},
    };
    struct buffer out;
    int result = -1;

    buffer_init(&out, RESULT_MAX);
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        cJSON *answer;
        char *line;

        if (!text_equal(member(task, "do"), text_of(verbs[i].name)))
            continue;
        result = verbs[i].perform(task, &out);
        answer = cJSON_CreateObject();
        cJSON_AddStringToObject(answer, verbs[i].result, buffer_text(&out).data);
        line = cJSON_PrintUnformatted(answer);
        puts(line);
        free(line);
        cJSON_Delete(answer);
    }
    buffer_free(&out);
    return result;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    int result = 0;

    while (result == 0 && getline(&line, &room, stdin) > 0) {
        cJSON *task = cJSON_Parse(line);

        result = task == NULL ? -1 : perform(task);
        cJSON_Delete(task);
    }
    free(line);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
