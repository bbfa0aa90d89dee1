/* URLs: what is accepted is shown without its query and parses again; no error repeats a secret. */
#include "fuzz.h"

#include "wsload/protocol/handshake.h"

static void check_hidden(const char *display)
{
    const char *query = strchr(display, '?');

    while (query != NULL && *query != '\0') {
        size_t length = strcspn(query + 1, "&");
        const char *equals = memchr(query + 1, '=', length);
        const char *value = equals == NULL ? query + 1 : equals + 1;

        length -= (size_t)(value - query - 1);
        REQUIRE(length == 0 || (length == 3 && memcmp(value, "***", 3) == 0));
        query = value + length;
    }
}

static void check_accepted(const struct url *url)
{
    static char display[4 * URL_PATH_SIZE];
    char origin[URL_ORIGIN_SIZE];
    char cut[20];
    struct url again;
    struct error error;

    REQUIRE(url->port > 0 && url->host[0] != '\0' && url->path[0] == '/');
    for (const char *p = url->path; *p != '\0'; p++)
        REQUIRE(*p > ' ' && *p <= '~' && *p != '#');
    url_display(url, display, sizeof(display));
    check_hidden(display);
    url_display(url, cut, sizeof(cut));
    REQUIRE(strlen(cut) < sizeof(cut) && strncmp(cut, display, strlen(cut)) == 0);
    if (strlen(display) < URL_PATH_SIZE) {
        REQUIRE(url_parse(display, &again, &error) == 0);
        REQUIRE(strcmp(again.host, url->host) == 0 && again.port == url->port);
        REQUIRE(again.secure == url->secure && again.host_is_ipv6 == url->host_is_ipv6);
    }
    url_origin(url, origin);
    REQUIRE(strncmp(origin, "http", 4) == 0 && strlen(origin) < sizeof(origin) - 1);
}

static void check_text(const char *text, bool has_secret)
{
    static char display[4 * URL_PATH_SIZE];
    struct url url;
    struct error error = {""};

    if (url_parse(text, &url, &error) == 0) {
        check_accepted(&url);
        if (has_secret)
            REQUIRE(strstr(url_display(&url, display, sizeof(display)), SECRET) == NULL);
        return;
    }
    REQUIRE(error.text[0] != '\0');
    for (const char *p = error.text; *p != '\0'; p++)
        REQUIRE(*p >= ' ' && *p <= '~');
    if (has_secret)
        REQUIRE(strstr(error.text, SECRET) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *plain = fuzz_string("", data, size, "");
    char *with_token = fuzz_string("", data, size, "?t=" SECRET);
    char *with_password = fuzz_string("wss://user:" SECRET "@", data, size, "");

    check_text(plain, false);
    if (strstr(plain, SECRET) == NULL) {
        check_text(with_token, true);
        check_text(with_password, true);
    }
    free(plain);
    free(with_token);
    free(with_password);
    return 0;
}
