#include "wsload/protocol/transcript.h"

#include <stdlib.h>
#include <string.h>

#include "wsload/base/helpers.h"

/* --- Alike --- */

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-' ||
           c == ':' || c == '.';
}

/* Length of the number, time or hexadecimal id that TEXT begins with; 0 when it begins with none.
 */
static size_t number_length(struct text text)
{
    bool digit = false;
    size_t length = 0;
    for (; length < text.length && is_of_number(text.data[length]); length++)
        digit = digit || (text.data[length] >= '0' && text.data[length] <= '9');
    return digit ? length : 0;
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool said_alike(struct text a, struct text b)
{
    bool word = false; /* a number does not begin in the middle of a word */
    while (a.length > 0 && b.length > 0) {
        size_t of_a = word ? 0 : number_length(a);
        size_t of_b = word ? 0 : number_length(b);
        if ((of_a > 0) != (of_b > 0) || (of_a == 0 && a.data[0] != b.data[0]))
            return false;
        word = of_a == 0 && in_word(a.data[0]);
        a = text_after(a, of_a ? of_a : 1);
        b = text_after(b, of_b ? of_b : 1);
    }
    return a.length == b.length;
}

struct text said_steady(struct text text)
{
    struct text best = {text.data, 0};
    struct text part = best;
    bool word = false;
    while (text.length > 0) {
        size_t number = word ? 0 : number_length(text);
        word = number == 0 && in_word(text.data[0]);
        text = text_after(text, number ? number : 1);
        part.length += number == 0;
        if (part.length > best.length)
            best = part;
        if (number > 0)
            part = (struct text){text.data, 0};
    }
    return best;
}

/* --- The entries --- */

/* So many entries back are looked at. */
#define LOOK_BACK 500

/* Whether WHAT came before since the newest prompt, and not just now: the nearest one counts. */
static bool recurs(const struct transcript *transcript, const struct said *what)
{
    size_t last = transcript->count > LOOK_BACK ? transcript->count - LOOK_BACK : 0;
    for (size_t i = transcript->count; i > last; i--) {
        const struct said *earlier = &transcript->items[i - 1];
        if (earlier->prompt != what->prompt)
            return false;
        if (earlier->kind == SAID_MESSAGE && said_alike(said_text(earlier), said_text(what)))
            return what->at_ns - earlier->at_ns >= TRANSCRIPT_RECURS_NS;
    }
    return false;
}

static bool has_room(struct transcript *transcript, size_t bytes)
{
    if (transcript->count == TRANSCRIPT_ENTRIES_MAX ||
        transcript->bytes + bytes > TRANSCRIPT_BYTES_MAX)
        return false;
    if (transcript->count < transcript->capacity)
        return true;
    size_t capacity = transcript->capacity ? 2 * transcript->capacity : 64;
    struct said *items = realloc(transcript->items, capacity * sizeof(*items));
    if (!items)
        return false;
    transcript->items = items;
    transcript->capacity = capacity;
    return true;
}

const struct said *transcript_add(struct transcript *transcript, struct said what)
{
    if (what.kind == SAID_PROMPT)
        transcript->prompts++;
    if (!has_room(transcript, what.length)) {
        transcript->left_out++;
        free(what.data);
        return NULL;
    }
    what.prompt = transcript->prompts;
    what.recurs = what.kind == SAID_MESSAGE && recurs(transcript, &what);
    transcript->items[transcript->count++] = what;
    transcript->bytes += what.length;
    if (transcript->tell)
        transcript->tell(transcript->user, transcript);
    return &transcript->items[transcript->count - 1];
}

uint64_t transcript_prompt_ns(const struct transcript *transcript, uint32_t number)
{
    for (size_t i = 0; i < transcript->count; i++)
        if (transcript->items[i].kind == SAID_PROMPT && transcript->items[i].prompt == number)
            return transcript->items[i].at_ns;
    return 0;
}

void transcript_free(struct transcript *transcript)
{
    for (size_t i = 0; i < transcript->count; i++)
        free(transcript->items[i].data);
    free(transcript->items);
    transcript->items = NULL;
    transcript->count = transcript->capacity = 0;
}
