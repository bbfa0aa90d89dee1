/* The head of a request for an upgrade: every view it is read into lies inside the input, in order,
 * and what stands behind the head changes none of them. */
#include "fuzz.h"

#include "upgrade.h"

static bool has(struct text text, const char *part)
{
    return text_contains(text, text_of(part));
}

/* VIEW lies between FROM and END. Returns its end. */
static const char *check_view(struct text view, const char *from, const char *end)
{
    REQUIRE(view.data >= from && view.data <= end);
    REQUIRE(view.length <= (size_t)(end - view.data));
    REQUIRE(!has(view, "\r\n"));
    return view.data + view.length;
}

static void check_first_line(const struct upgrade *upgrade, struct text request)
{
    const char *end = request.data + request.length;
    const char *target = check_view(upgrade->method, request.data, end);

    REQUIRE(upgrade->method.data == request.data && !has(upgrade->method, " "));
    REQUIRE(check_view(upgrade->path, target, end) <= end);
    REQUIRE(upgrade->path.length > 0 && upgrade->path.data[0] == '/');
    REQUIRE(!has(upgrade->path, " ") && !has(upgrade->path, "?"));
    check_view(upgrade->query, upgrade->path.data, end);
    REQUIRE(!has(upgrade->query, " "));
}

static void check_headers(const struct upgrade *upgrade, struct text request)
{
    const char *end = request.data + request.length;
    const char *from = upgrade->path.data + upgrade->path.length;

    REQUIRE(upgrade->header_count <= UPGRADE_HEADERS_MAX);
    for (size_t i = 0; i < upgrade->header_count; i++) {
        const struct header *header = &upgrade->headers[i];
        const struct header *first = upgrade_header(upgrade, header->name);

        from = check_view(header->name, from, end);
        from = check_view(header->value, from, end);
        REQUIRE(header->name.length > 0 && !has(header->name, ":"));
        REQUIRE(text_equal(text_trim(header->name), header->name));
        REQUIRE(text_equal(text_trim(header->value), header->value));
        REQUIRE(first != NULL && first <= header);
    }
}

/* The same request without what stands behind it. */
static void check_alone(const struct upgrade *upgrade, struct text head)
{
    struct upgrade alone;

    REQUIRE(upgrade_read(&alone, head) == 0);
    REQUIRE(text_equal(alone.query, upgrade->query));
    REQUIRE(alone.header_count == upgrade->header_count);
    head.length--;
    REQUIRE(upgrade_read(&alone, head) == -1);
    REQUIRE(upgrade_length(head) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text request = {(const char *)data, size};
    size_t length = upgrade_length(request);
    struct upgrade upgrade;

    REQUIRE(length <= size);
    REQUIRE(length == 0 || memcmp(request.data + length - 4, "\r\n\r\n", 4) == 0);
    if (upgrade_read(&upgrade, request) != 0)
        return 0;
    REQUIRE(length > 0);
    check_first_line(&upgrade, request);
    check_headers(&upgrade, request);
    check_alone(&upgrade, (struct text){request.data, length});
    return 0;
}
