#include "profiles.h"

#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/server/server.h"

#define STREAM_DEFAULT 20

const struct profile profile_plain = {
    .name = "none",
    .any_message = true,
    .prompts = {"message", "prompt", "data", "question"},
    .ids = {"id", "request_id", "requestId", "correlationId"},
    .good = {.messages = 1},
    .failed = {.messages = 1,
               .parts = {[SCRIPT_MESSAGE] = TEXT(GATEWAY_FRAME("Internal server error"))}},
};

/* clang-format off: a table reads best as one */
static const struct profile profiles[] = {
    {
        .name = "mcn-load-test",
        .prompts = {"message"},
        .good = {1,
                 {[SCRIPT_MESSAGE] = TEXT("{\"message\": \"{{prompt}}\", \"intent\": \"echo\"}")}},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = TEXT("{\"message\": \"Une erreur est survenue\", "
                                            "\"intent\": \"error\"}")}},
    },
    {
        .name = "bedrock-chat",
        .manner = PROFILE_SESSIONS,
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = TEXT(
                         "{\"status\": \"STREAMING\", \"completion\": \"{{token}}\"}"),
                     [SCRIPT_END] = TEXT("{\"status\": \"STREAMING_END\", \"completion\": \"\", "
                                         "\"stop_reason\": \"end_turn\"}"),
                     [SCRIPT_AFTER] = TEXT("Message sent."),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = TEXT("{\"status\": \"ERROR\", "
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
                     [SCRIPT_OPENING] = TEXT("{\"data\": \"##PROCESSING##\", "
                                             "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_MESSAGE] = TEXT("{\"data\": \"{{token}}\", "
                                             "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_KEEP_ALIVE] = TEXT("{\"data\": \"##KEEP_ALIVE##\", "
                                                "\"conversationId\": \"{{correlation}}\"}"),
                     [SCRIPT_END] = TEXT("{\"data\": \"##END_CONVERSATION##\", "
                                         "\"conversationId\": \"{{correlation}}\"}"),
                 }},
        .failed = {1,
                   {
                       [SCRIPT_MESSAGE] = TEXT("{\"errorMessage\": \"the model did not answer\", "
                                               "\"conversationId\": \"{{correlation}}\"}"),
                       [SCRIPT_END] = TEXT("{\"data\": \"##END_CONVERSATION##\", "
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
                     [SCRIPT_MESSAGE] = TEXT("{{token}}"),
                     [SCRIPT_END] = TEXT("<End of LLM response>"),
                 }},
        .failed = {1, {[SCRIPT_MESSAGE] = TEXT("An error occurred: the model did not answer")}},
    },
    {
        .name = "serverless-patterns-rust",
        .prompts = {"storyType"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = TEXT("{\"type\": \"text\", \"message\": \"{{token}}\"}"),
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
                     [SCRIPT_MESSAGE] = TEXT("{\"type\": \"text\", \"action\": \"llm_new_token\", "
                                             "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                             "\"token\": {\"sequenceNumber\": {{part}}, "
                                             "\"value\": \"{{token}}\"}}}"),
                     [SCRIPT_END] = TEXT("{\"type\": \"text\", \"action\": \"final_response\", "
                                         "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                         "\"content\": \"{{prompt}}\"}}"),
                     [SCRIPT_AFTER] = TEXT(
                         "{\"type\": \"text\", \"action\": \"llm_new_token\", "
                         "\"data\": {\"sessionId\": \"{{correlation}}\", "
                         "\"token\": {\"sequenceNumber\": {{part}}, \"value\": \"\"}}}"),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = TEXT("{\"type\": \"text\", \"action\": \"error\", "
                                            "\"data\": {\"sessionId\": \"{{correlation}}\", "
                                            "\"content\": \"the model did not answer\"}}")}},
    },
    {
        .name = "korean-chatbot",
        .prompts = {"body"},
        .ids = {"request_id"},
        .good = {STREAM_DEFAULT,
                 {
                     [SCRIPT_MESSAGE] = TEXT(
                         "{\"request_id\": \"{{correlation}}\", \"msg\": \"{{token}}\", "
                         "\"status\": \"proceeding\"}"),
                     [SCRIPT_END] = TEXT(
                         "{\"request_id\": \"{{correlation}}\", \"msg\": \"{{prompt}}\", "
                         "\"status\": \"completed\"}"),
                 }},
        .failed = {1,
                   {[SCRIPT_MESSAGE] = TEXT("{\"request_id\": \"{{correlation}}\", "
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
                     [SCRIPT_MESSAGE] = TEXT("{\"message\": {\"completion\": \"{{token}}\", "
                                             "\"stop_reason\": null}}"),
                     [SCRIPT_END] = TEXT("{\"message\": {\"completion\": \"\", "
                                         "\"stop_reason\": \"stop_sequence\"}}"),
                 }},
    },
    {
        .name = "simple-chat",
        .manner = PROFILE_BROADCAST,
        .route = "action",
        .route_value = "sendmessage",
        .prompts = {"data"},
        .good = {1, {[SCRIPT_MESSAGE] = TEXT("{{prompt:raw}}")}},
        .failed = {1, {[SCRIPT_MESSAGE] = TEXT(GATEWAY_FRAME("Internal server error"))}},
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

_Static_assert(ARRAY_LENGTH(server_profiles) == ARRAY_LENGTH(profiles) + 1,
               "each profile is named, and no other");

const struct profile *profile_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}
