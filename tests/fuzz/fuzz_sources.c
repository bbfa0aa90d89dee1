/* Source addresses: what parses gives numeric addresses of the family asked for, in turn. */
#include "fuzz.h"

#include <arpa/inet.h>

#include "wsload/protocol/route.h"

static void check_pick(const struct sources *sources, uint64_t index, int family)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char out[SOURCE_TEXT_SIZE];
    char again[SOURCE_TEXT_SIZE];
    if (sources_pick(sources, index, family, out) == NULL) {
        REQUIRE(family != AF_UNSPEC);
        return;
    }
    int found = strchr(out, ':') != NULL ? AF_INET6 : AF_INET;
    REQUIRE(inet_pton(found, out, bytes) == 1);
    REQUIRE(family == AF_UNSPEC || family == found);
    if (family == AF_UNSPEC) {
        REQUIRE(sources_pick(sources, index + sources->count, family, again) == again);
        REQUIRE(strcmp(out, again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
    char *text = fuzz_string("", data, size, "");
    struct sources sources;
    struct error error = {""};
    if (sources_parse(text, &sources, &error) != 0)
        REQUIRE(error.text[0] != '\0');
    else {
        REQUIRE(sources.block_count > 0 && sources.count >= sources.block_count);
        for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
            check_pick(&sources, 0, families[i]);
            check_pick(&sources, sources.count / 2, families[i]);
            check_pick(&sources, sources.count - 1, families[i]);
        }
    }
    free(text);
    return 0;
}
