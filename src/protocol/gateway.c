#include "wsload/protocol/gateway.h"

#include "wsload/base/helpers.h"
#include "wsload/protocol/json_scan.h"

/* The captured frames have about 120 bytes; this leaves room for longer texts and ids. */
#define ERROR_FRAME_MAX 4096

#define ERROR_MEMBERS_MAX 4

/* What API Gateway is known to say. All but the last three were captured on AWS. "Bad request body"
 * is documented (AWS guide websocket-api-develop-routes). No capture of the throttling texts is
 * published: they are what the service says elsewhere. */
static const char *const known_messages[] = {
    "Internal server error", "Forbidden",         GATEWAY_TIMEOUT,
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

/* Whether MESSAGE may be an error frame at all, told at a glance: most are no object, long, or
 * without an id. */
static bool worth_reading(struct text message)
{
    if (message.length > 0 && message.data[0] != '{' && message.data[0] > ' ')
        return false;
    message = text_trim(message);
    return text_begins(message, "{") && message.length <= ERROR_FRAME_MAX &&
           text_contains(message, TEXT("\"message\"")) && text_contains(message, TEXT("Id\""));
}

/* What an object has of an error frame's members. */
struct shape {
    struct json_value message;
    bool request_id;
    bool other_id;
};

/* Fills SHAPE. Whether FRAME is one object of few members, and its "message" a string. */
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
        if (text_equal(name, TEXT("message")))
            shape->message = value;
        else if (text_equal(name, TEXT("requestId")))
            shape->request_id |= is_string;
        else if (text_equal(name, TEXT("connectionId")) || text_equal(name, TEXT("messageId")))
            shape->other_id |= is_string;
    }
    return !members.broken && shape->message.kind == JSON_STRING;
}

bool gateway_error_read(struct text message, struct gateway_error *error)
{
    struct shape shape;
    if (!worth_reading(message) || !read_shape(message, &shape))
        return false;
    if (!shape.request_id && !(shape.other_id && is_known(&shape.message)))
        return false;
    /* A buffer that has all it may ever hold allocates nothing. */
    struct buffer text = {
        .data = error->message, .capacity = GATEWAY_ERROR_SIZE, .maximum = GATEWAY_ERROR_SIZE - 1};
    buffer_clear(&text);
    json_value_decode(&shape.message, &text); /* as much of it as fits */
    error->timeout = json_value_is(&shape.message, TEXT(GATEWAY_TIMEOUT));
    return true;
}

size_t gateway_ids_find(struct text frame, struct gateway_id ids[GATEWAY_IDS])
{
    static const char *const names[GATEWAY_IDS] = {"requestId", "connectionId", "messageId"};
    size_t count = 0;
    for (size_t i = 0; i < GATEWAY_IDS; i++) {
        struct json_members members = {.document = frame};
        struct json_value value;
        struct text name;
        bool found = false; /* of two the first counts */
        while (!found && json_members_next(&members, &name, &value))
            found = value.kind == JSON_STRING && text_equal(name, text_of(names[i]));
        if (found)
            ids[count++] = (struct gateway_id){names[i], value.raw};
    }
    return count;
}

uint64_t gateway_units(uint64_t bytes)
{
    return bytes == 0 ? 1 : (bytes - 1) / GATEWAY_FRAME_MAX + 1;
}
