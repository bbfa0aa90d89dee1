/* The text of a credentials file: what is found is complete and safe in a header, and stands in the
 * text; what is not found is an error that repeats nothing of it. */
#include "fuzz.h"

#include "wsload/load/secrets.h"
#include "wsload/protocol/handshake.h"

static void check_value(struct text file, const char *value)
{
    REQUIRE(value[0] != '\0');
    REQUIRE(header_value_valid(text_of(value)));
    REQUIRE(text_contains(file, text_of(value)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text file = {size > 0 ? (const char *)data : "", size};
    struct credentials credentials;
    struct error error = {""};

    if (credentials_parse(&credentials, file, "default", &error) == 0) {
        check_value(file, credentials.access_key);
        check_value(file, credentials.secret_key);
        if (credentials.session_token != NULL)
            check_value(file, credentials.session_token);
    } else {
        REQUIRE(error.text[0] != '\0' && strstr(error.text, SECRET) == NULL);
        REQUIRE(credentials.access_key == NULL && credentials.secret_key == NULL);
    }
    credentials_free(&credentials);
    return 0;
}
