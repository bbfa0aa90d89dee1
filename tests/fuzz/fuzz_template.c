/* Templates: the first byte says which variables are allowed, the rest is the text. What compiles
 * renders within its bound, into memory of exactly that size. */
#include "fuzz.h"

#include "wsload/protocol/template.h"

static void check_compiled(const struct template *template, const struct template_values *values,
                           unsigned allowed)
{
    size_t bound = template_bound(template, values);
    char *out = malloc(bound + (bound == 0));

    REQUIRE(out != NULL);
    REQUIRE(template_render(template, values, out) <= bound);
    for (unsigned bit = 1; bit <= TEMPLATE_REQUEST_ID; bit <<= 1)
        REQUIRE((allowed & bit) != 0 || !template_uses_any(template, bit));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned allowed = size > 0 ? data[0] : 0;
    struct text text = {size > 0 ? (const char *)data + 1 : "", size > 0 ? size - 1 : 0};
    struct template_values values = {
        .prompt = text,
        .prompt_escaped = text,
        .run_id = UINT32_MAX,
        .seq = UINT64_MAX,
        .unix_ms = UINT64_MAX,
        .connection_id = {"Qyi07eCbtjMCJKw=", 16},
    };
    struct template template;
    struct error error = {""};

    if (template_compile(&template, text, allowed, &error) == 0)
        check_compiled(&template, &values, allowed);
    else
        REQUIRE(error.text[0] != '\0' && template.parts == NULL);
    template_free(&template);
    return 0;
}
