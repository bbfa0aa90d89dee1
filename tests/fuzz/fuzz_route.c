/* Routes: what --resolve accepts are numeric addresses, and following rules stays inside its room.
 */
#include "fuzz.h"

#include <arpa/inet.h>

#include "wsload/protocol/route.h"

static void check_addresses(const struct resolve_rule *rule)
{
    const char *rest = rule->addresses;

    REQUIRE(rule->host[0] != '\0' && rule->port != 0);
    do {
        unsigned char bytes[sizeof(struct in6_addr)];
        size_t length = strcspn(rest, ",");
        char *address = fuzz_string("", (const uint8_t *)rest, length, "");

        REQUIRE(inet_pton(AF_INET, address, bytes) == 1 ||
                inet_pton(AF_INET6, address, bytes) == 1);
        free(address);
        rest += length + (rest[length] == ',');
    } while (*rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string("", data, size, "");
    struct resolve_rule resolve;
    struct connect_to_rule connect_to;
    struct routes routes = {&connect_to, 0, &resolve, 0};
    struct route route;
    struct error error = {""};

    if (route_parse_resolve(text, &resolve, &error) == 0) {
        check_addresses(&resolve);
        routes.resolve_count = 1;
    }
    if (route_parse_connect_to(text, &connect_to, &error) == 0)
        routes.connect_to_count = 1;
    route_follow(&routes, "api.example.com", 443, &route);
    REQUIRE(route.port != 0 && strlen(route.host) < sizeof(route.host));
    free(text);
    return 0;
}
