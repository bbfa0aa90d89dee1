#include "wsload/report/exchange_json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* cJSON keeps quiet about memory; what is missing shows when the whole is printed. */

/* TEXT of whatever bytes, made valid UTF-8; null without any. */
static void add_bytes(cJSON *object, const char *name, struct text text)
{
    struct buffer clean;
    buffer_init(&clean, 3 * text.length + 1);
    bool ok = text.data && utf8_append_clean(&clean, text, SIZE_MAX) == 0;
    cJSON_AddItemToObject(
        object, name, ok ? cJSON_CreateString(clean.data ? clean.data : "") : cJSON_CreateNull());
    buffer_free(&clean);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    add_bytes(object, name, text ? text_of(text) : (struct text){0});
}

static cJSON *make_message(const struct transcript *transcript, const struct said *said)
{
    static const char *const kinds[] = {
        [SAID_OPENED] = "opened",    [SAID_STEP] = "sent",     [SAID_PROMPT] = "prompt",
        [SAID_MESSAGE] = "received", [SAID_CLOSED] = "closed",
    };
    cJSON *object = cJSON_CreateObject();
    uint64_t zero_ns = transcript_prompt_ns(transcript, said->prompt ? said->prompt : 1);
    double time = zero_ns ? (double)(int64_t)(said->at_ns - zero_ns) / (double)NS_PER_S : 0;
    cJSON_AddNumberToObject(object, "prompt", said->prompt);
    cJSON_AddNumberToObject(object, "time", time);
    add_text(object, "kind", kinds[said->kind]);
    cJSON_AddNumberToObject(object, "bytes", (double)said->length);
    add_bytes(object, "text", said->binary ? (struct text){0} : said_text(said));
    return object;
}

static cJSON *make_messages(const struct transcript *transcript)
{
    cJSON *messages = cJSON_CreateArray();
    for (size_t i = 0; i < transcript->count; i++)
        cJSON_AddItemToArray(messages, make_message(transcript, &transcript->items[i]));
    return messages;
}

static cJSON *make_findings(const struct discovery *discovery)
{
    cJSON *findings = cJSON_CreateArray();
    for (size_t i = 0; discovery && i < discovery->count; i++) {
        const struct finding *finding = &discovery->items[i];
        cJSON *object = cJSON_CreateObject();
        add_text(object, "kind", finding_name(finding->kind));
        add_text(object, "text", finding->text);
        add_text(object, "option", finding->option);
        add_text(object, "value", finding->option && finding->value[0] ? finding->value : NULL);
        cJSON_AddItemToArray(findings, object);
    }
    return findings;
}

static void add_seconds(cJSON *object, const char *name, uint64_t ns)
{
    cJSON_AddItemToObject(object, name,
                          ns ? cJSON_CreateNumber(clock_seconds(ns)) : cJSON_CreateNull());
}

static cJSON *make_tried(const struct exchange_report *report)
{
    cJSON *tried = cJSON_CreateObject();
    cJSON_AddNumberToObject(tried, "requests", (double)report->tried);
    cJSON_AddNumberToObject(tried, "ok", (double)report->tried_ok);
    add_text(tried, "left_over", report->left_over);
    add_seconds(tried, "ttfm", report->first_ns);
    add_seconds(tried, "latency", report->latency_ns);
    return tried;
}

int exchange_write_json(const struct exchange_report *report, struct buffer *out)
{
    cJSON *root = cJSON_CreateObject();
    add_text(root, "url", report->url);
    add_text(root, "address", report->address);
    add_text(root, "tls", report->tls);
    add_text(root, "handshake", report->handshake);
    add_seconds(root, "open_time", report->open_ns);
    cJSON_AddItemToObject(root, "messages", make_messages(report->transcript));
    cJSON_AddItemToObject(root, "findings", make_findings(report->discovery));
    add_text(root, "command", report->command);
    cJSON_AddItemToObject(root, "tried", make_tried(report));
    char *text = cJSON_Print(root);
    int status = text ? buffer_append_text(out, text_of(text)) : -1;
    status |= buffer_append(out, "\n", 1);
    free(text);
    cJSON_Delete(root);
    return status;
}
