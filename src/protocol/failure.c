#include "wsload/protocol/failure.h"

#include <stddef.h>
#include <string.h>

#include "wsload/base/helpers.h"

static const struct {
    const char *name;
    const char *meaning;
    const char *detail;
} kinds[] = {
#define FAILURE_ROW(kind, name, meaning, detail) {name, meaning, detail},
    FAILURE_KINDS(FAILURE_ROW)
#undef FAILURE_ROW
};

struct hint {
    enum failure_kind kind;
    const char *detail;
    const char *text;
};

/* Handshake statuses: AWS guides websocket-api-protect, websocket-connections and
 * apigateway-websocket-api-lambda-auth, with what was captured on AWS. Close codes: names of RFC
 * 6455 section 7.4.1 and of the IANA registry that it founded (1012 to 1014), then what API Gateway
 * means by them (AWS guides execution-service-websocket-limits and
 * websocket-api-develop-binary-media-types). */
static const struct hint hints[] = {
    {FAILURE_EXHAUSTED, "ports",
     "no local port is free for this target; bind more source addresses with --interface"},
    {FAILURE_EXHAUSTED, "descriptors", "no descriptor is left; raise the limit with 'ulimit -n'"},
    {FAILURE_EXHAUSTED, "request", "the handshake's headers are longer than wsload can send"},
    {FAILURE_TLS, "wrong version number", "what answers there is not TLS; use ws:// for it"},
    {FAILURE_HANDSHAKE_STATUS, "400",
     "the $connect backend refused, for example an unknown subprotocol"},
    {FAILURE_HANDSHAKE_STATUS, "401", "the authorizer found no identity, or said Unauthorized"},
    {FAILURE_HANDSHAKE_STATUS, "403",
     "denied: bad, missing or expired signature or API key; wrong stage, Host or SNI; or the "
     "default endpoint is disabled"},
    {FAILURE_HANDSHAKE_STATUS, "426", "no Upgrade header arrived; a proxy may have dropped it"},
    {FAILURE_HANDSHAKE_STATUS, "429",
     "account quota, usage plan, or a stage deployed with throttling 0"},
    {FAILURE_HANDSHAKE_STATUS, "500", "the authorizer or its permission is broken"},
    {FAILURE_HANDSHAKE_STATUS, "502", "the $connect backend failed"},
    {FAILURE_HANDSHAKE_STATUS, "503", "the service is unavailable"},
    {FAILURE_HANDSHAKE_STATUS, "504", "the $connect backend or CloudFront timed out"},
    {FAILURE_CLOSED, "1000", "normal closure: the server was done before the reply"},
    {FAILURE_CLOSED, "1001",
     "going away: API Gateway after 10 minutes idle or 2 hours of life, others when they stop"},
    {FAILURE_CLOSED, "1001 idle",
     "API Gateway closes after 10 minutes without a message; keep it alive with --keepalive, or "
     "replace it earlier with --max-lifetime"},
    {FAILURE_CLOSED, "1001 lifetime",
     "API Gateway closes after 2 hours of life; replace it earlier with --max-lifetime"},
    {FAILURE_CLOSED, "1002", "protocol error: the server did not accept a frame of ours"},
    {FAILURE_CLOSED, "1003", "unsupported data: API Gateway takes text frames only"},
    {FAILURE_CLOSED, "1005", "no status received: a close frame without a code"},
    {FAILURE_CLOSED, "1007", "invalid payload data: the server found text that is not UTF-8"},
    {FAILURE_CLOSED, "1008", "policy violation: the server's own rules forbid it"},
    {FAILURE_CLOSED, "1009",
     "message too big: on API Gateway over 128 KiB, or a frame over 32 KiB"},
    {FAILURE_CLOSED, "1010",
     "mandatory extension: the server wants an extension that was not offered"},
    {FAILURE_CLOSED, "1011", "internal error: the server failed"},
    {FAILURE_CLOSED, "1012", "service restart: the server is restarting"},
    {FAILURE_CLOSED, "1013", "try again later: the server is overloaded"},
    {FAILURE_CLOSED, "1014", "bad gateway: what is behind the server answered badly"},
};

const char *failure_name(enum failure_kind kind)
{
    return kinds[kind].name;
}

const char *failure_detail(enum failure_kind kind)
{
    return kinds[kind].detail;
}

bool failure_kind_of(const char *name, enum failure_kind *kind)
{
    for (size_t i = 0; i < FAILURE_KIND_COUNT; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = (enum failure_kind)i;
            return true;
        }
    }
    return false;
}

const char *failure_hint(enum failure_kind kind, const char *detail)
{
    for (size_t i = 0; i < ARRAY_LENGTH(hints); i++) {
        if (hints[i].kind == kind && strcmp(hints[i].detail, detail) == 0)
            return hints[i].text;
    }
    return kinds[kind].meaning;
}
