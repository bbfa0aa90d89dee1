#include "profiles.h"

#include <string.h>

#include "wsload/server/server.h"

#define T(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
#define STREAM_DEFAULT 20

const struct profile profile_plain = {
    .name = "none",
    .any_message = true,
    .prompts = {"message", "prompt", "data", "question"},
    .ids = {"id", "request_id", "requestId", "correlationId"},
    .good = {.messages = 1},
    .failed = {.messages = 1,
               .parts = {[SCRIPT_MESSAGE] = T(GATEWAY_FRAME("Internal server error"))}},
};

/* clang-format off: a table reads best as one */
static const struct profile profiles[] = {
    {
        .name = "mcn-load-test",
        .prompts = {"message"},
        .good = {1, {[SCRIPT_MESSAGE] = T("{\"message\": \"{{prompt}}\", \"intent\": \"echo\"}")}},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = T("{\"message\": \"Une erreur est survenue\", "
                                         "\"intent\": \"error\"}")}},
    },
    {
        .name = "bedrock-chat",
        .manner = PROFILE_SESSIONS,
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T(
                         "{\"status\": \"STREAMING\", \"completion\": \"{{token}}\"}"),
                     [SCRIPT_END] = T("{\"status\": \"STREAMING_END\", \"completion\": \"\", "
                                      "\"stop_reason\": \"end_turn\"}"),
                     [SCRIPT_AFTER] = T("Message sent."),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = T("{\"status\": \"ERROR\", "
                                         "\"reason\": \"the model did not answer\"}")}},
    },
    {
        .name = "genai-application-builder",
        .route = "action",
        .route_value = "sendMessage",
        .prompts = {"question"},
        .ids = {"conversationId"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_OPENING] = T("{\"data\": \"##PROCESSING##\", "
                                          "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_MESSAGE] = T("{\"data\": \"{{token}}\", "
                                          "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_KEEP_ALIVE] = T("{\"data\": \"##KEEP_ALIVE##\", "
                                             "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_END] = T("{\"data\": \"##END_CONVERSATION##\", "
                                      "\"conversationId\": \"{{correlation}}\"}"),
                 }},
        .failed = {1,
                   {
                       [SCRIPT_MESSAGE] = T("{\"errorMessage\": \"the model did not answer\", "
                                            "\"conversationId\": \"{{correlation}}\"}"),
                       [SCRIPT_END] = T("{\"data\": \"##END_CONVERSATION##\", "
                                        "\"conversationId\": \"{{correlation}}\"}"),
                   }},
    },
    {
        .name = "serverless-patterns",
        .route = "action",
        .route_value = "invokeModel",
        .prompts = {"prompt"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T("{{token}}"),
                     [SCRIPT_END] = T("<End of LLM response>"),
                 }},
        .failed = {1, {[SCRIPT_MESSAGE] = T("An error occurred: the model did not answer")}},
    },
    {
        .name = "serverless-patterns-rust",
        .prompts = {"storyType"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T("{\"type\": \"text\", \"message\": \"{{token}}\"}"),
                 }},
    },
    {
        .name = "genai-llm-chatbot",
        .route = "action",
        .route_value = "run",
        .prompts = {"data.text"},
        .ids = {"data.sessionId"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T("{\"type\": \"text\", \"action\": \"llm_new_token\", "
                                          "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                          "\"token\": {\"sequenceNumber\": {{part}}, "
                                          "\"value\": \"{{token}}\"}}}"),
                     [SCRIPT_END] = T("{\"type\": \"text\", \"action\": \"final_response\", "
                                      "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                      "\"content\": \"{{prompt}}\"}}"),
                     [SCRIPT_AFTER] = T(
                         "{\"type\": \"text\", \"action\": \"llm_new_token\", "
                         "\"data\": {\"sessionId\": \"{{correlation}}\", "
                         "\"token\": {\"sequenceNumber\": {{part}}, \"value\": \"\"}}}"),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = T("{\"type\": \"text\", \"action\": \"error\", "
                                         "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                         "\"content\": \"the model did not answer\"}}")}},
    },
    {
        .name = "korean-chatbot",
        .prompts = {"body"},
        .ids = {"request_id"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T(
                         "{\"request_id\": \"{{correlation}}\", \"msg\": \"{{token}}\", "
                         "\"status\": \"proceeding\"}"),
                     [SCRIPT_END] = T(
                         "{\"request_id\": \"{{correlation}}\", \"msg\": \"{{prompt}}\", "
                         "\"status\": \"completed\"}"),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = T("{\"request_id\": \"{{correlation}}\", "
                                         "\"msg\": \"the model did not answer\", "
                                         "\"status\": \"error\"}")}},
    },
    {
        .name = "amazon-bedrock-websocket",
        .route = "action",
        .route_value = "send",
        .prompts = {"data"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = T("{\"message\": {\"completion\": \"{{token}}\", "
                                          "\"stop_reason\": null}}"),
                     [SCRIPT_END] = T("{\"message\": {\"completion\": \"\", "
                                      "\"stop_reason\": \"stop_sequence\"}}"),
                 }},
    },
    {
        .name = "simple-chat",
        .manner = PROFILE_BROADCAST,
        .route = "action",
        .route_value = "sendmessage",
        .prompts = {"data"},
        .good = {1, {[SCRIPT_MESSAGE] = T("{{prompt:raw}}")}},
        .failed = {1, {[SCRIPT_MESSAGE] = T(GATEWAY_FRAME("Internal server error"))}},
    },
};
/* clang-format on */

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

_Static_assert(sizeof(server_profiles) / sizeof(server_profiles[0]) ==
                   sizeof(profiles) / sizeof(profiles[0]) + 1,
               "each profile is named, and no other");

const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}
