#include "refusals.h"

#include <stdio.h>
#include <string.h>

#include "ids.h"

#define CLOSE      "Connection: close\r\n"
#define ERROR_TYPE "x-amzn-ErrorType: "

static const struct {
    const char *status;
    const char *headers;
    const char *message;
} refusals[] = {
    [REFUSAL_BAD_REQUEST] = {"400 Bad Request", CLOSE ERROR_TYPE "BadRequestException\r\n",
                             "Bad Request"},
    [REFUSAL_UNAUTHORIZED] = {"401 Unauthorized", CLOSE ERROR_TYPE "UnauthorizedException\r\n",
                              "Unauthorized"},
    [REFUSAL_FORBIDDEN] = {"403 Forbidden", CLOSE ERROR_TYPE "ForbiddenException\r\n", "Forbidden"},
    [REFUSAL_UPGRADE_REQUIRED] = {"426 Upgrade Required",
                                  "Upgrade: websocket\r\nConnection: Upgrade, close\r\n",
                                  "Upgrade Required"},
    [REFUSAL_THROTTLED] = {"429 Too Many Requests", CLOSE ERROR_TYPE "LimitExceededException\r\n",
                           "Too Many Requests"},
};

size_t refusal_render(enum refusal refusal, struct random *ids, char out[REFUSAL_SIZE])
{
    const char *message = refusals[refusal].message;
    char uuid[UUID_SIZE];
    uuid_make(ids, uuid);
    char id[ID_SIZE];
    id_make(ids, id);
    return (size_t)snprintf(out, REFUSAL_SIZE,
                            "HTTP/1.1 %s\r\n%sx-amzn-RequestId: %s\r\nx-amz-apigw-id: %s\r\n"
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                            "{\"message\":\"%s\"}",
                            refusals[refusal].status, refusals[refusal].headers, uuid, id,
                            strlen("{\"message\":\"\"}") + strlen(message), message);
}
