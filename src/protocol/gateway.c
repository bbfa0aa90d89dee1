#include "wsload/protocol/gateway.h"

#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/json_scan.h"

/* The captured frames have about 120 bytes; this leaves room for longer texts and ids. */
#define ERROR_FRAME_MAX 4096

#define ERROR_MEMBERS_MAX 4

#define TIMEOUT_MESSAGE "Endpoint request timed out"

/* What API Gateway is known to say: captured on AWS, but for the last three. "Bad request body" is
 * documented (AWS guide websocket-api-develop-routes); of the throttling texts no capture is
 * published, they are the service's words elsewhere. */
static const char *const known_messages[] = {
    "Internal server error", "Forbidden",         TIMEOUT_MESSAGE,
    "Bad request body",      "Too Many Requests", "Limit Exceeded",
};

static bool is_known(const struct json_value *message)
{
    for (size_t i = 0; i < ARRAY_LENGTH(known_messages); i++) {
        if (json_value_is(message, text_of(known_messages[i])))
            return true;
    }
    return false;
}

static bool is_named(struct text name, const char *wanted)
{
    size_t length = strlen(wanted);
    return name.length == length && memcmp(name.data, wanted, length) == 0;
}

/* Whether MESSAGE may be an error frame at all, told at a glance: most are no object, or long. */
static bool worth_reading(struct text message)
{
    message = text_trim(message);
    return message.length > 0 && message.data[0] == '{' && message.length <= ERROR_FRAME_MAX &&
           text_contains(message, TEXT("\"message\""));
}

/* What an object has of an error frame's members. */
struct shape {
    struct json_value message;
    bool request_id;
    bool other_id;
};

/* Whether FRAME is one object of few members, "message" a string, all that SHAPE wants to know. */
static bool read_shape(struct text frame, struct shape *shape)
{
    struct json_members members = {.document = frame};
    size_t count = 0;
    *shape = (struct shape){0};
    struct json_value value;
    struct text name;
    while (json_members_next(&members, &name, &value)) {
        bool is_string = value.kind == JSON_STRING;
        if (++count > ERROR_MEMBERS_MAX)
            return false;
        if (is_named(name, "message"))
            shape->message = value;
        else if (is_named(name, "requestId"))
            shape->request_id |= is_string;
        else if (is_named(name, "connectionId") || is_named(name, "messageId"))
            shape->other_id |= is_string;
    }
    return !members.broken && shape->message.kind == JSON_STRING;
}

/* The text of MESSAGE as a string, as much of it as fits. */
static void read_message(const struct json_value *message, char out[GATEWAY_ERROR_SIZE])
{
    /* A buffer that has all it may ever hold allocates nothing. */
    struct buffer text = {
        .data = out, .capacity = GATEWAY_ERROR_SIZE, .maximum = GATEWAY_ERROR_SIZE - 1};
    out[0] = '\0';
    json_value_decode(message, &text);
}

bool gateway_error_read(struct text message, struct gateway_error *error)
{
    struct shape shape;
    if (!worth_reading(message) || !read_shape(message, &shape))
        return false;
    if (!shape.request_id && !(shape.other_id && is_known(&shape.message)))
        return false;
    read_message(&shape.message, error->message);
    error->timeout = json_value_is(&shape.message, text_of(TIMEOUT_MESSAGE));
    return true;
}

uint64_t gateway_units(uint64_t bytes)
{
    return bytes == 0 ? 1 : (bytes - 1) / GATEWAY_FRAME_MAX + 1;
}
