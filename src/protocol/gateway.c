#include "wsload/protocol/gateway.h"

#include <cjson/cJSON.h>
#include <string.h>

/* The captured frames have about 120 bytes; this leaves room for longer texts and ids. */
#define ERROR_FRAME_MAX 4096

#define ERROR_MEMBERS_MAX 4

/* What API Gateway is known to say: captured on AWS, but for the last three. "Bad request body" is
 * documented (AWS guide websocket-api-develop-routes); of the throttling texts no capture is
 * published, they are the service's words elsewhere. */
static const char *const known_messages[] = {
    "Internal server error", "Forbidden",         "Endpoint request timed out",
    "Bad request body",      "Too Many Requests", "Limit Exceeded",
};

static bool is_json_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct text skip_space(struct text text)
{
    while (text.length > 0 && is_json_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

/* Whether MESSAGE may be an error frame at all, told without parsing it. */
static bool worth_parsing(struct text message)
{
    if (message.length > ERROR_FRAME_MAX)
        return false;
    message = skip_space(message);
    return message.length > 0 && message.data[0] == '{' &&
           text_contains(message, text_of("\"message\"")) &&
           (text_contains(message, text_of("\"requestId\"")) ||
            text_contains(message, text_of("\"messageId\"")) ||
            text_contains(message, text_of("\"connectionId\"")));
}

/* The whole of MESSAGE as JSON, or NULL. It is parsed with a NUL behind it: cJSON before 1.7.18 may
 * read a byte past the end of a text that is cut short (CVE-2023-53154). */
static cJSON *parse(struct text message)
{
    char copy[ERROR_FRAME_MAX + 1];
    const char *end = NULL;
    cJSON *json;

    memcpy(copy, message.data, message.length);
    copy[message.length] = '\0';
    json = cJSON_ParseWithLengthOpts(copy, message.length, &end, false);
    if (json != NULL &&
        skip_space((struct text){end, (size_t)(copy + message.length - end)}).length > 0) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

static bool has_string(const cJSON *object, const char *name)
{
    return cJSON_IsString(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_known_message(const char *message)
{
    for (size_t i = 0; i < sizeof(known_messages) / sizeof(known_messages[0]); i++) {
        if (strcmp(message, known_messages[i]) == 0)
            return true;
    }
    return false;
}

static bool has_error_shape(const cJSON *json)
{
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(json, "message");

    if (!cJSON_IsObject(json) || !cJSON_IsString(message) ||
        cJSON_GetArraySize(json) > ERROR_MEMBERS_MAX)
        return false;
    if (has_string(json, "requestId") || has_string(json, "messageId"))
        return true;
    return has_string(json, "connectionId") && is_known_message(message->valuestring);
}

bool gateway_error_recognised(struct text message)
{
    cJSON *json;
    bool recognised;

    if (!worth_parsing(message))
        return false;
    json = parse(message);
    recognised = has_error_shape(json);
    cJSON_Delete(json);
    return recognised;
}
