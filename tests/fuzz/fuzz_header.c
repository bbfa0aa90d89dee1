/* Headers: what is accepted can stand in a request, and no error repeats a value. */
#include "fuzz.h"

#include "wsload/protocol/handshake.h"

static void check_accepted(const struct header *header)
{
    char *name = fuzz_string("", (const uint8_t *)header->name.data, header->name.length, "");

    REQUIRE(handshake_token_valid(name));
    REQUIRE(header_is(header, name));
    REQUIRE(text_equal(text_trim(header->value), header->value));
    for (size_t i = 0; i < header->value.length; i++)
        REQUIRE(strchr("\r\n", header->value.data[i]) == NULL);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *plain = fuzz_string("", data, size, "");
    char *with_secret = fuzz_string("", data, size, ": " SECRET);
    struct header header;
    struct error error = {""};

    if (header_parse(plain, &header, &error) == 0)
        check_accepted(&header);
    else
        REQUIRE(error.text[0] != '\0');
    if (header_parse(with_secret, &header, &error) == 0)
        check_accepted(&header);
    else
        REQUIRE(strstr(plain, SECRET) != NULL || strstr(error.text, SECRET) == NULL);
    free(plain);
    free(with_secret);
    return 0;
}
