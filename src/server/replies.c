#include "replies.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/protocol/json_text.h"

/* As captured from API Gateway, with its uneven spaces. */
#define ERROR_FRAME                                                                                \
    "{\"message\": \"Internal server error\", \"connectionId\":\"{{connectionId}}\", "             \
    "\"requestId\":\"{{requestId}}\"}"

/* API Gateway's ids are this many bytes in base64: "Qyi07eCbtjMCJKw=". */
#define ID_BYTES 11

/* Where the samples of chat backends put the prompt. */
static const char *const prompt_members[] = {"message", "prompt", "data", "question"};

static struct text find_prompt(const cJSON *json, struct text message)
{
    for (size_t i = 0; i < sizeof(prompt_members) / sizeof(prompt_members[0]); i++) {
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, prompt_members[i]);

        if (cJSON_IsString(member))
            return text_of(member->valuestring);
    }
    return message;
}

static struct reply *render(const struct template *template, const struct template_values *values)
{
    struct reply *reply = malloc(sizeof(*reply) + REPLY_HEADROOM +
                                 template_bound(template, values));

    if (reply == NULL)
        return NULL;
    memset(reply, 0, sizeof(*reply));
    reply->length = template_render(template, values, (char *)reply->bytes + REPLY_HEADROOM);
    return reply;
}

static struct reply *answer(struct replies *replies, struct template_values *values)
{
    /* Both numbers are drawn for every message, so that a seed gives the same errors whatever the
     * delays are. */
    bool is_error = random_unit(&replies->random) * 100 < replies->error_percent;
    uint64_t delay_ns = random_between(&replies->random, replies->delay_low_ns,
                                       replies->delay_high_ns);
    struct reply *reply;

    buffer_clear(&replies->escaped);
    if (json_escape(&replies->escaped, values->prompt) != 0)
        return NULL;
    values->prompt_escaped = buffer_text(&replies->escaped);
    reply = render(is_error ? &replies->error : &replies->good, values);
    if (reply != NULL) {
        reply->is_error = is_error;
        reply->delay_ns = delay_ns;
    }
    return reply;
}

int replies_init(struct replies *replies, const struct server_options *options, struct error *error)
{
    *replies = (struct replies){
        .error_percent = options->error_percent,
        .delay_low_ns = options->delay_low_ns,
        .delay_high_ns = options->delay_high_ns,
    };
    random_init(&replies->random, options->seed);
    random_init(&replies->ids, random_seed_from_system());
    /* Escaping makes at most six bytes of one: \u0000. */
    buffer_init(&replies->escaped, 6 * (size_t)REPLY_MESSAGE_MAX);
    if (template_compile(&replies->good, options->reply, TEMPLATE_SERVER_VARIABLES, error) != 0)
        return error_prefix(error, "--reply");
    return template_compile(&replies->error, text_of(ERROR_FRAME), TEMPLATE_SERVER_VARIABLES,
                            error);
}

void replies_free(struct replies *replies)
{
    template_free(&replies->good);
    template_free(&replies->error);
    buffer_free(&replies->escaped);
}

void replies_make_id(struct replies *replies, char id[REPLY_ID_SIZE])
{
    uint64_t bits[2] = {random_next(&replies->ids), random_next(&replies->ids)};

    EVP_EncodeBlock((unsigned char *)id, (const unsigned char *)bits, ID_BYTES);
}

struct reply *replies_make(struct replies *replies, struct text message, const char *connection_id,
                           uint64_t unix_ms)
{
    cJSON *json = cJSON_ParseWithLength(message.data, message.length);
    char request_id[REPLY_ID_SIZE];
    struct template_values values = {
        .prompt = find_prompt(json, message),
        .seq = ++replies->count,
        .unix_ms = unix_ms,
        .connection_id = text_of(connection_id),
        .request_id = {.data = request_id, .length = REPLY_ID_SIZE - 1},
    };
    struct reply *reply;

    replies_make_id(replies, request_id);
    reply = answer(replies, &values);
    cJSON_Delete(json);
    return reply;
}
