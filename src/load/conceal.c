#include "wsload/load/identity.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity_internal.h"
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
    const struct passage *passages;
    const struct passage *originals;
    size_t count;
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

/* Blanks the beginning of SECRET at the end of the passage. */
static void blank_end(const struct passage *original, struct text secret, char *out)
{
    size_t most = u64_min(secret.length - 1, original->length);
    for (size_t length = most; length >= SECRET_MIN; length--) {
        size_t at = original->length - length;
        if (memcmp(original->data + at, secret.data, length) == 0) {
            memset(out + at, '*', length);
            return;
        }
    }
}

static void blank_exact(const struct search *search, struct text secret)
{
    if (secret.length < SECRET_MIN || is_public(secret))
        return;
    for (size_t i = 0; i < search->count; i++) {
        const struct passage *original = &search->originals[i];
        const char *end = original->data + original->length;
        const char *at = original->data;
        char *out = search->passages[i].data;
        while ((at = memmem(at, (size_t)(end - at), secret.data, secret.length))) {
            memset(out + (at - original->data), '*', secret.length);
            at += secret.length;
        }
        blank_end(original, secret, out);
    }
}

/* Also as a server writes it into JSON. */
static void blank(struct search *search, struct text secret)
{
    blank_exact(search, secret);
    if (!json_escape_needed(secret))
        return;
    struct buffer escaped;
    buffer_init(&escaped, SIZE_MAX);
    if (json_escape(&escaped, secret) == 0)
        blank_exact(search, buffer_text(&escaped));
    else
        search->failed = true;
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
    char *to = out->data;
    for (size_t i = 0; i < encoded.length; i++) {
        const char *from = encoded.data + i;
        bool escape = *from == '%' && i + 2 < encoded.length && text_hex_digit(from[1]) >= 0 &&
                      text_hex_digit(from[2]) >= 0;
        if (escape)
            *to++ = (char)(text_hex_digit(from[1]) << 4 | text_hex_digit(from[2]));
        else
            *to++ = *from == '+' && plus_is_space ? ' ' : *from;
        i += escape ? 2 : 0;
    }
    out->length = (size_t)(to - out->data);
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
    decode(value, &decoded, false);
    blank(search, buffer_text(&decoded));
    decode(value, &decoded, true);
    blank(search, buffer_text(&decoded));
    buffer_free(&decoded);
}

/* The values of QUERY, which is terminated: what stands in front of a '=' is a name. */
static void blank_query(struct search *search, const char *query)
{
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        const char *value = equals ? equals + 1 : query;
        blank_encoded(search, (struct text){value, (size_t)(query + length - value)});
        query += length + (query[length] == '&');
    }
}

/* --- What was rendered --- */

/* Origin and User-Agent say nothing that the report does not. */
static bool is_open(struct text name)
{
    return (name.length == 6 && strncasecmp(name.data, "Origin", 6) == 0) ||
           (name.length == 10 && strncasecmp(name.data, "User-Agent", 10) == 0);
}

/* All behind a scheme's name, then the words, whole for the '=' that ends many a token, and what
 * stands between separators in them. */
static void blank_words(struct search *search, struct text value)
{
    const char *space = memchr(value.data, ' ', value.length);
    if (space && is_public((struct text){value.data, (size_t)(space - value.data)})) {
        value.length -= (size_t)(space + 1 - value.data);
        value.data = space + 1;
    }
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
    if (sigv4_encode(&encoded, value, false) == 0)
        blank(search, buffer_text(&encoded));
    else
        search->failed = true;
    buffer_free(&encoded);
}

/* Calls BLANK_RUN for what VALUE is on a connection, in front of and behind each timestamp. */
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
    while (template_uses_any(value, TEMPLATE_TIMESTAMP) &&
           (at = memmem(rest.data, rest.length, time.data, time.length))) {
        blank_run(search, (struct text){rest.data, (size_t)(at - rest.data)});
        rest.length -= (size_t)(at - rest.data) + time.length;
        rest.data = at + time.length;
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
        if (!is_open(identity->headers.items[i].name))
            blank_rendered(search, &identity->headers.items[i].value, values, blank_words);
    }
}

static void blank_file(struct search *search, struct secret_file *file,
                       const struct template_values *values)
{
    const struct secret_version *version = file ? atomic_load(&file->newest) : NULL;
    for (; version; version = version->older)
        blank_rendered(search, &version->content, values, blank_words);
}

/* Messages may carry cells that no handshake does. */
static void blank_cells(struct search *search, const struct identity *identity,
                        const struct template_values *values)
{
    for (size_t i = 0; identity->users && i < identity->users->columns; i++)
        blank_encodable(search, values->columns[i].text);
}

/* --- Signatures --- */

/* Of any time, so that there is nothing to compare with: their form tells them. */
static void blank_signatures(const struct passage *original, char *out)
{
    for (size_t at = 0, digits; at < original->length; at += digits + 1) {
        for (digits = 0; at + digits < original->length; digits++) {
            if (text_hex_digit(original->data[at + digits]) < 0)
                break;
        }
        bool whole = at + digits < original->length;
        if (digits >= (whole ? SIGNATURE_DIGITS : SIGNATURE_BEGIN))
            memset(out + at, '*', digits);
    }
}

static void blank_signing(struct search *search, const struct identity *identity)
{
    if (identity->signature == UNSIGNED)
        return;
    blank(search, text_of(identity->credentials.access_key));
    blank_encodable(search, text_of(identity->credentials.session_token));
    for (size_t i = 0; i < search->count; i++)
        blank_signatures(&search->originals[i], search->passages[i].data);
}

/* --- All --- */

static bool has_secret(const struct identity *identity)
{
    for (size_t i = 0; i < identity->headers.count; i++) {
        if (!is_open(identity->headers.items[i].name))
            return true;
    }
    return identity->query.length > 0 || identity->parameters.count > 0 || identity->bearer ||
           identity->api_key || identity->users || identity->signature != UNSIGNED;
}

static bool numbered(const struct named_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (template_uses_any(&list->items[i].value, TEMPLATE_CONNECTION))
            return true;
    }
    return false;
}

static bool file_numbered(struct secret_file *file)
{
    const struct secret_version *version = file ? atomic_load(&file->newest) : NULL;
    for (; version; version = version->older) {
        if (template_uses_any(&version->content, TEMPLATE_CONNECTION))
            return true;
    }
    return false;
}

/* After how many connections their values come again. */
static uint64_t period(const struct identity *identity)
{
    if (numbered(&identity->parameters) || numbered(&identity->headers) ||
        file_numbered(identity->bearer) || file_numbered(identity->api_key))
        return UINT64_MAX;
    return identity->users ? identity->users->rows : 1;
}

static void blank_all(struct search *search, const struct identity *identity,
                      struct identity_range range)
{
    uint64_t different = period(identity);
    blank_query(search, identity->query.data);
    blank_signing(search, identity);
    for (uint64_t i = 0; i < range.count && i < different; i++) {
        struct template_values values = identity_values(identity, range.first + i, NO_TIME_S);
        blank_templates(search, identity, &values);
        blank_file(search, identity->bearer, &values);
        blank_file(search, identity->api_key, &values);
        blank_cells(search, identity, &values);
    }
}

/* The passages as they are now, in one piece of memory with their bytes; NULL when it is out. */
static struct passage *copy_passages(const struct passage *passages, size_t count)
{
    size_t size = count * sizeof(*passages);
    for (size_t i = 0; i < count; i++)
        size += passages[i].length;
    struct passage *copies = malloc(size);
    if (!copies)
        return NULL;
    char *to = (char *)(copies + count);
    for (size_t i = 0; i < count; i++) {
        copies[i] = (struct passage){to, passages[i].length};
        if (passages[i].length > 0) /* an empty one may have no data */
            to = mempcpy(to, passages[i].data, passages[i].length);
    }
    return copies;
}

void identity_conceal(const struct identity *identity, struct identity_range range,
                      const struct passage *passages, size_t count)
{
    struct search search = {.passages = passages, .count = count};
    if (count == 0 || !has_secret(identity))
        return;
    struct passage *originals = copy_passages(passages, count);
    search.originals = originals;
    search.failed = !originals;
    if (!search.failed)
        blank_all(&search, identity, range);
    for (size_t i = 0; search.failed && i < count; i++)
        memset(passages[i].data, '*', passages[i].length);
    free(originals);
}
