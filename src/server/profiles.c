#include "profiles.h"

#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/server/options.h"

/* COUNT messages and what else stands around them, and one message alone. */
#define PART(part, text) [SCRIPT_##part] = TEXT(text)
#define ANSWER(count, ...)                                                                         \
    {                                                                                              \
        count,                                                                                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define ONE(text) ANSWER(1, PART(MESSAGE, text))

const struct profile profile_plain = {
    .name = "none",
    .any_message = true,
    .prompts = {"message", "prompt", "data", "question"},
    .ids = {"id", "request_id", "requestId", "correlationId"},
    .good = {.messages = 1},
    .failed = ONE(GATEWAY_FRAME("Internal server error")),
};

static const struct profile profiles[] = {
    {
        .name = "mcn-load-test",
        .prompts = {"message"},
        .good = ONE("{\"message\": \"{{prompt}}\", \"intent\": \"echo\"}"),
        .failed = ONE("{\"message\": \"Une erreur est survenue\", \"intent\": \"error\"}"),
    },
    {
        .name = "bedrock-chat",
        .manner = PROFILE_SESSIONS,
        .good = ANSWER(20,
                       PART(MESSAGE, "{\"status\": \"STREAMING\", \"completion\": \"{{token}}\"}"),
                       PART(END, "{\"status\": \"STREAMING_END\", \"completion\": \"\", "
                                 "\"stop_reason\": \"end_turn\"}"),
                       PART(AFTER, "Message sent.")),
        .failed = ONE("{\"status\": \"ERROR\", \"reason\": \"the model did not answer\"}"),
    },
    {
        .name = "genai-application-builder",
        .route = "action",
        .route_value = "sendMessage",
        .prompts = {"question"},
        .ids = {"conversationId"},
        .good = ANSWER(
            20,
            PART(OPENING,
                 "{\"data\": \"##PROCESSING##\", \"conversationId\": \"{{correlation}}\"}"),
            PART(MESSAGE, "{\"data\": \"{{token}}\", \"conversationId\": \"{{correlation}}\"}"),
            PART(KEEP_ALIVE,
                 "{\"data\": \"##KEEP_ALIVE##\", \"conversationId\": \"{{correlation}}\"}"),
            PART(END,
                 "{\"data\": \"##END_CONVERSATION##\", \"conversationId\": \"{{correlation}}\"}")),
        .failed = ANSWER(
            1,
            PART(MESSAGE, "{\"errorMessage\": \"the model did not answer\", \"conversationId\": "
                          "\"{{correlation}}\"}"),
            PART(END,
                 "{\"data\": \"##END_CONVERSATION##\", \"conversationId\": \"{{correlation}}\"}")),
    },
    {
        .name = "serverless-patterns",
        .route = "action",
        .route_value = "invokeModel",
        .prompts = {"prompt"},
        .good = ANSWER(20, PART(MESSAGE, "{{token}}"), PART(END, "<End of LLM response>")),
        .failed = ONE("An error occurred: the model did not answer"),
    },
    {
        .name = "serverless-patterns-rust",
        .prompts = {"storyType"},
        .good = ANSWER(20, PART(MESSAGE, "{\"type\": \"text\", \"message\": \"{{token}}\"}")),
    },
    {
        .name = "genai-llm-chatbot",
        .route = "action",
        .route_value = "run",
        .prompts = {"data.text"},
        .ids = {"data.sessionId"},
        .good = ANSWER(
            20,
            PART(MESSAGE, "{\"type\": \"text\", \"action\": \"llm_new_token\", \"data\": "
                          "{\"sessionId\": \"{{correlation}}\", \"token\": {\"sequenceNumber\": "
                          "{{part}}, \"value\": \"{{token}}\"}}}"),
            PART(END, "{\"type\": \"text\", \"action\": \"final_response\", \"data\": "
                      "{\"sessionId\": \"{{correlation}}\", \"content\": \"{{prompt}}\"}}"),
            PART(AFTER, "{\"type\": \"text\", \"action\": \"llm_new_token\", \"data\": "
                        "{\"sessionId\": \"{{correlation}}\", \"token\": {\"sequenceNumber\": "
                        "{{part}}, \"value\": \"\"}}}")),
        .failed = ONE("{\"type\": \"text\", \"action\": \"error\", \"data\": {\"sessionId\": "
                      "\"{{correlation}}\", \"content\": \"the model did not answer\"}}"),
    },
    {
        .name = "korean-chatbot",
        .prompts = {"body"},
        .ids = {"request_id"},
        .good = ANSWER(20,
                       PART(MESSAGE, "{\"request_id\": \"{{correlation}}\", \"msg\": "
                                     "\"{{token}}\", \"status\": \"proceeding\"}"),
                       PART(END, "{\"request_id\": \"{{correlation}}\", \"msg\": \"{{prompt}}\", "
                                 "\"status\": \"completed\"}")),
        .failed = ONE("{\"request_id\": \"{{correlation}}\", \"msg\": \"the model did not "
                      "answer\", \"status\": \"error\"}"),
    },
    {
        .name = "amazon-bedrock-websocket",
        .route = "action",
        .route_value = "send",
        .prompts = {"data"},
        .good = ANSWER(
            20,
            PART(MESSAGE, "{\"message\": {\"completion\": \"{{token}}\", \"stop_reason\": null}}"),
            PART(END, "{\"message\": {\"completion\": \"\", \"stop_reason\": \"stop_sequence\"}}")),
    },
    {
        .name = "simple-chat",
        .manner = PROFILE_BROADCAST,
        .route = "action",
        .route_value = "sendmessage",
        .prompts = {"data"},
        .good = ONE("{{prompt:raw}}"),
        .failed = ONE(GATEWAY_FRAME("Internal server error")),
    },
};

const char *const server_profiles[] = {
    "mcn-load-test",
    "bedrock-chat",
    "genai-application-builder",
    "serverless-patterns",
    "serverless-patterns-rust",
    "genai-llm-chatbot",
    "korean-chatbot",
    "amazon-bedrock-websocket",
    "simple-chat",
    NULL,
};

_Static_assert(ARRAY_LENGTH(server_profiles) == ARRAY_LENGTH(profiles) + 1,
               "each profile is named, and no other");

const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}
