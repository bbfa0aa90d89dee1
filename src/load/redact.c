#include "identity_internal.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"
#include "wsload/protocol/json_text.h"

/* Shorter ones are no secrets, and stand in any text. */
#define SECRET_MIN 6

/* Hexadecimal digits of a signature; and how many of them, where a text was cut, are taken for the
 * beginning of one. */
#define SIGNATURE_DIGITS 64
#define SIGNATURE_BEGIN  16

/* A time that no run is at: what stands around it in a rendered template is the same at all times.
 */
#define NO_TIME_S  9999999999
#define NO_TIME_MS "9999999999000"

/* What is looked through, and where it is blanked. They are apart, so that a secret is found that
 * another one overlaps. */
struct search {
    struct text text;
    char *out;
    bool failed; /* memory is out: something may have been left */
};

static bool is_public(struct text word)
{
    static const char *const words[] = {"Bearer", "Digest", "AWS4-HMAC-SHA256", "execute-api",
                                        "aws4_request"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (text_equal(word, text_of(words[i])))
            return true;
    }
    return false;
}

/* --- One secret --- */

/* Blanks the beginning of SECRET at the end of the text. */
static void blank_end(const struct search *search, struct text secret)
{
    size_t most = u64_min(secret.length - 1, search->text.length);
    for (size_t length = most; length >= SECRET_MIN; length--) {
        size_t at = search->text.length - length;
        if (memcmp(search->text.data + at, secret.data, length) == 0) {
            memset(search->out + at, '*', length);
            return;
        }
    }
}

static void blank_exact(const struct search *search, struct text secret)
{
    const char *at = search->text.data;
    const char *end = at + search->text.length;
    if (secret.length < SECRET_MIN || is_public(secret))
        return;
    while ((at = memmem(at, (size_t)(end - at), secret.data, secret.length))) {
        memset(search->out + (at - search->text.data), '*', secret.length);
        at += secret.length;
    }
    blank_end(search, secret);
}

/* Also as a server writes it into JSON. */
static void blank(struct search *search, struct text secret)
{
    blank_exact(search, secret);
    if (!json_escape_needed(secret))
        return;
    struct buffer escaped;
    buffer_init(&escaped, SIZE_MAX);
    if (json_escape(&escaped, secret))
        search->failed = true;
    else
        blank_exact(search, buffer_text(&escaped));
    buffer_free(&escaped);
}

/* Blanks each piece of LIST between SEPARATORS. */
static void blank_pieces(struct search *search, struct text list, const char *separators)
{
    const char *end = list.data + list.length;
    for (const char *piece = list.data; piece < end; piece++) {
        const char *next = piece;
        while (next < end && !strchr(separators, *next))
            next++;
        blank(search, (struct text){piece, (size_t)(next - piece)});
        piece = next;
    }
}

/* --- The query --- */

static void decode(struct text encoded, struct buffer *out, bool plus_is_space)
{
    out->length = 0;
    while (encoded.length > 0) {
        int byte = text_percent_byte(encoded);
        char c = *encoded.data == '+' && plus_is_space ? ' ' : *encoded.data;
        out->data[out->length++] = byte >= 0 ? (char)byte : c;
        encoded = text_after(encoded, byte >= 0 ? 3 : 1);
    }
}

static void blank_encoded(struct search *search, struct text value)
{
    blank(search, value);
    if (value.length < SECRET_MIN || !strpbrk(value.data, "%+"))
        return;
    struct buffer decoded;
    buffer_init(&decoded, value.length);
    if (buffer_reserve(&decoded, value.length)) {
        search->failed = true;
        return;
    }
    for (int plus_is_space = 0; plus_is_space < 2; plus_is_space++) {
        decode(value, &decoded, plus_is_space);
        blank(search, buffer_text(&decoded));
    }
    buffer_free(&decoded);
}

/* The values of QUERY, which is terminated: what stands before a '=' is a name. */
static void blank_query(struct search *search, struct text query)
{
    while (query.length > 0) {
        struct text item = text_cut(&query, '&');
        struct text value = item;
        struct text name = text_cut(&value, '=');
        blank_encoded(search, name.length < item.length ? value : item);
    }
}

/* --- What was rendered --- */

/* All that follows a scheme's name, then the words, whole for the '=' that ends many a token, and
 * what stands between separators in them. */
static void blank_words(struct search *search, struct text value)
{
    struct text rest = value;
    struct text scheme = text_cut(&rest, ' ');
    if (scheme.length < value.length && is_public(scheme))
        value = rest;
    blank(search, value);
    blank_pieces(search, value, " ,;");
    blank_pieces(search, value, " ,;:=");
}

/* As it is, and as it goes into a query. */
static void blank_encodable(struct search *search, struct text value)
{
    struct buffer encoded;
    buffer_init(&encoded, SIZE_MAX);
    blank(search, value);
    if (sigv4_encode(&encoded, value, false))
        search->failed = true;
    else
        blank(search, buffer_text(&encoded));
    buffer_free(&encoded);
}

/* Calls BLANK_RUN for what VALUE is on the connection, on either side of each timestamp. */
static void blank_rendered(struct search *search, const struct template *value,
                           const struct template_values *values,
                           void (*blank_run)(struct search *, struct text))
{
    static const struct text time = {NO_TIME_MS, sizeof(NO_TIME_MS) - 1};
    char *text = malloc(template_bound(value, values) + 1);
    if (!text) {
        search->failed = true;
        return;
    }
    struct text rest = {text, template_render(value, values, text)};
    text[rest.length] = '\0';
    const char *at;
    while ((value->variables & TEMPLATE_TIMESTAMP) &&
           (at = memmem(rest.data, rest.length, time.data, time.length))) {
        blank_run(search, (struct text){rest.data, (size_t)(at - rest.data)});
        rest = text_after(rest, (size_t)(at - rest.data) + time.length);
    }
    blank_run(search, rest);
    free(text);
}

static void blank_templates(struct search *search, const struct identity *identity,
                            const struct template_values *values)
{
    for (size_t i = 0; i < identity->parameters.count; i++)
        blank_rendered(search, &identity->parameters.items[i].value, values, blank_encodable);
    for (size_t i = 0; i < identity->headers.count; i++) {
        const struct named_template *header = &identity->headers.items[i];
        /* these two say nothing that the report does not */
        if (!text_is_word(header->name, "Origin") && !text_is_word(header->name, "User-Agent"))
            blank_rendered(search, &header->value, values, blank_words);
    }
}

static void blank_file(struct search *search, struct secret_file *file,
                       const struct template_values *values)
{
    const struct secret_version *version = file ? atomic_load(&file->newest) : NULL;
    for (; version; version = version->older)
        blank_rendered(search, &version->content, values, blank_words);
}

/* --- Signatures --- */

/* Of any time, so that there is nothing to compare with: their form tells them. */
static void blank_signatures(const struct search *search)
{
    struct text text = search->text;
    for (size_t at = 0, digits; at < text.length; at += digits + 1) {
        for (digits = 0; at + digits < text.length; digits++) {
            if (text_hex_digit(text.data[at + digits]) < 0)
                break;
        }
        bool whole = at + digits < text.length;
        if (digits >= (whole ? SIGNATURE_DIGITS : SIGNATURE_BEGIN))
            memset(search->out + at, '*', digits);
    }
}

static void blank_signing(struct search *search, const struct identity *identity)
{
    if (identity->signature == UNSIGNED)
        return;
    blank(search, text_of(identity->credentials.access_key));
    blank_encodable(search, text_of(identity->credentials.session_token));
    blank_signatures(search);
}

/* --- All --- */

void identity_redact(const struct identity *identity, uint64_t connection, struct text text,
                     char *out)
{
    struct search search = {.text = text, .out = out};
    if (text.length == 0)
        return;
    memcpy(out, text.data, text.length);
    if (!identity)
        return;
    struct template_values values = identity_values(identity, connection, NO_TIME_S);
    blank_query(&search, identity->query);
    blank_signing(&search, identity);
    blank_templates(&search, identity, &values);
    blank_file(&search, identity->bearer, &values);
    blank_file(&search, identity->api_key, &values);
    for (size_t i = 0; identity->users && i < identity->users->columns; i++)
        blank_encodable(&search, values.columns[i].text); /* messages may carry cells */
    if (search.failed)
        memset(out, '*', text.length);
}
